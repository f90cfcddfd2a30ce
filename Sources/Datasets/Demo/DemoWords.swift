import Fingerprints

/// Words of the demo in clusters, and vectors for them in which the words of a cluster are near each other.
struct DemoWords {
    /// Every word once, in the order of the file.
    let words: [String]
    private let vectors: [[Double]]

    /// A vector is a sum of random directions: the theme's, the kind's and the word's own, of norm 5 as GloVe's are on
    /// average.
    init(seed: UInt64) {
        var random = RandomSource(seed: seed, stream: "demo words")
        func direction() -> [Double] { normalised((0..<Self.dimensions).map { _ in random.normal() }) }
        var words: [String] = [], vectors: [[Double]] = []
        func add(_ word: String, _ parts: [(weight: Double, direction: [Double])]) {
            words.append(word)
            let sum = (0..<Self.dimensions).map { axis in parts.reduce(0) { $0 + $1.weight * $1.direction[axis] } }
            vectors.append(normalised(sum).map { $0 * 5 })
        }
        for (members, kinds) in Self.themes {
            let theme = direction()
            for word in members.split(separator: " ") { add(String(word), [(0.7, theme), (0.7, direction())]) }
            for kind in kinds {
                let centre = direction()
                for (index, word) in kind.split(separator: " ").enumerated() {
                    // The first word is the kind itself.
                    add(
                        String(word),
                        index == 0
                            ? [(0.4, theme), (0.9, centre)] : [(0.4, theme), (0.45, centre), (0.8, direction())])
                }
            }
        }
        self.words = words
        self.vectors = vectors
    }

    /// GloVe's text format: a word and its numbers a line.
    var text: String {
        var text: [UInt8] = []
        for (word, vector) in zip(words, vectors) {
            text += word.utf8
            for number in vector {
                // Five decimals without a formatting library.
                let scaled = Int((number * 100_000).rounded())
                var digits: [UInt8] = [], rest = abs(scaled)
                while digits.count < 7 || rest > 0 {
                    if digits.count == 5 { digits.append(UInt8(ascii: ".")) }
                    digits.append(UInt8(ascii: "0") + UInt8(rest % 10))
                    rest /= 10
                }
                text.append(UInt8(ascii: " "))
                if scaled < 0 { text.append(UInt8(ascii: "-")) }
                text += digits.reversed()
            }
            text.append(UInt8(ascii: "\n"))
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static let dimensions = 300

    /// General words of a theme, and its kinds: each kind's name with words that go with it.
    private static let themes: [(members: String, kinds: [String])] = [
        ("the of and to in a for is on that by this with from at as it an be was", []),
        (
            "animal animals wildlife creature species mammal insect habitat zoo wild",
            [
                "zebra herd savanna mane hoof gallop", "tiger predator bengal claws jungle prowl",
                "leopard panther cheetah jaguar spotted feline",
                "ladybug beetle aphid antennae bug wings", "bee honey hive nectar pollen buzz",
                "frog toad pond tadpole croak amphibian",
                "flamingo heron stork lagoon wader plumage", "fish trout salmon fin scales aquarium",
            ]
        ),
        (
            "food eat fruit vegetable kitchen meal cook delicious recipe dinner",
            [
                "lemon citrus lime sour juice peel", "tomato ketchup sauce salad ripe basil",
                "plum prune apricot peach orchard cherry",
                "melon watermelon rind seeds juicy pumpkin", "strawberry raspberry berry jam cream blueberry",
                "cookie biscuit chocolate bakery dough oven",
                "cheese cheddar milk dairy butter gouda", "carrot turnip parsnip root radish celery",
            ]
        ),
        (
            "building house home wall architecture construction room city street floor",
            [
                "brick mortar masonry clay bricks mason", "fence gate picket hedge barrier railing",
                "window glass pane curtain shutter sill",
                "door knob hinge lock entrance doorway", "roof shingles chimney attic gable gutter",
                "tile ceramic mosaic porcelain bathroom grout",
                "carpet rug woven wool persian mat", "chessboard chess pawn bishop rook checkers",
            ]
        ),
        (
            "nature landscape outdoors earth world environment scenery wilderness season climate",
            [
                "leaf foliage branch tree stem oak", "star galaxy constellation astronomy cosmos twinkle",
                "cloud sky rain storm overcast fog",
                "moon lunar crater eclipse orbit crescent", "flame fire blaze burning candle torch",
                "rock stone boulder granite cliff pebble",
                "flower blossom petal bouquet garden tulip", "coal anthracite mine charcoal soot miner",
            ]
        ),
        (
            "toy game play fun child children hobby leisure holiday puzzle",
            [
                "ball bounce throw football catch kick", "kite string breeze tail soar glide",
                "balloon helium inflate float airship birthday",
                "flag banner nation pole emblem anthem", "tent camping canvas campsite sleeping backpack",
                "target aim archery arrow bullseye dart",
                "jeans denim trousers pocket pants cotton", "button sew thread shirt needle collar",
            ]
        ),
        ("colour color red green blue yellow orange purple pink black white brown grey violet", []),
        ("pattern striped checkered dotted plain bright dark smooth rough shiny texture", []),
        ("town village country river mountain lake sea island road bridge forest field beach harbour", []),
        ("monday tuesday wednesday thursday friday saturday sunday week month year hour minute", []),
        ("one two three four five six seven eight nine ten hundred thousand million", []),
        ("man woman boy girl father mother brother sister friend family uncle aunt", []),
        ("hand foot head eye ear nose mouth arm leg finger knee shoulder", []),
        ("happy sad angry afraid proud tired calm glad lonely curious", []),
        ("walk run jump sit stand climb swim fly drive ride carry push pull", []),
        ("government law court president minister election party parliament vote policy", []),
        ("music song dance guitar piano drum violin concert orchestra melody", []),
        ("science physics chemistry biology theory experiment research university professor student", []),
        ("car bus train truck bicycle boat ship airplane motorcycle tram", []),
        ("money bank price market trade company business profit share tax", []),
    ]
}

private func normalised(_ vector: [Double]) -> [Double] {
    let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return vector.map { $0 / norm }
}
