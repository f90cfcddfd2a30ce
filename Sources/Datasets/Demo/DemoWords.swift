/// The words of the demo's embedding. There are 48 drawn nouns, not a dozen: recall@20 over twelve words would be 1 for
/// any explanation, and so would the most-frequent baseline's. They come in families that share a look and a scene.
enum DemoWords {
    struct Family {
        /// Nouns with a picture.
        let drawn: [String]
        /// Words about the same things, without a picture: near the drawn ones in the embedding.
        let related: [String]
    }

    static let families: [Family] = [
        Family(drawn: words("zebra tiger leopard horse cat dog sheep cow"),
               related: words("animal paw fur tail mane hoof stable kennel wool milk pasture herd whisker claw lion wolf fox goat donkey pony kitten puppy lamb calf")),
        Family(drawn: words("apple orange banana lemon cherry grape plum pear"),
               related: words("fruit juice orchard peel seed core jam ripe sweet sour peach melon mango berry fig lime apricot raisin basket harvest pie cider syrup slice")),
        Family(drawn: words("car bus truck train boat van tram bicycle"),
               related: words("vehicle wheel engine road driver passenger rail station harbour brake pedal ticket traffic journey motor taxi ferry ship wagon cart lorry coach scooter bridge")),
        Family(drawn: words("chair table sofa bed desk shelf bench lamp"),
               related: words("furniture room cushion pillow drawer carpet curtain mirror cupboard wardrobe stool cradle mattress blanket kitchen bedroom office parlour wood carpenter varnish leg seat light")),
        Family(drawn: words("shirt hat scarf coat glove sock dress shoe"),
               related: words("clothes sleeve button collar pocket belt zip thread needle tailor cotton linen silk jacket trousers skirt boot sweater apron uniform fashion laundry hanger stitch")),
        Family(drawn: words("tree flower leaf bush fern moss vine cactus"),
               related: words("plant root stem branch bark petal garden forest meadow soil gardener blossom twig thorn pollen rose tulip daisy oak pine willow ivy hedge weed")),
    ]

    /// Words about other things.
    static let others = words("""
        time year day week month hour minute morning evening night summer winter spring autumn weather rain snow wind storm cloud
        number price money bank market trade tax law court judge police prison crime vote party state nation city village street
        school teacher pupil lesson book page letter word sentence story poem song music drum violin piano dance theatre film actor
        doctor nurse illness medicine blood heart bone skin hair eye ear nose mouth tooth tongue finger arm shoulder knee foot
        father mother brother sister son daughter uncle aunt cousin friend neighbour guest king queen soldier war peace army weapon
        science theory proof experiment physics energy force mass speed heat metal iron copper gold silver glass stone sand clay
        sea ocean river lake island coast mountain valley hill desert sky sun moon star planet space map north south east west
        bread butter cheese meat soup salt pepper sugar tea coffee wine beer dinner breakfast hunger thirst hope fear anger joy
        idea thought reason question answer truth lie doubt belief dream memory habit skill work job factory tool machine wire paper ink
        game ball team player goal race prize luck chance rule plan method result cause effect size shape colour red blue green
        """)

    /// All words, as the embedding file lists them.
    static var all: [String] { families.flatMap { $0.drawn + $0.related } + others }

    private static func words(_ text: String) -> [String] { text.split { $0 == " " || $0 == "\n" }.map(String.init) }
}
