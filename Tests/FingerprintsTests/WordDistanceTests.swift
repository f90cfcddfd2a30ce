import Fingerprints
import Testing

extension ValueTests {
    /// Two slips are near to a short word, three are not; a letter in another's place is one slip.
    @Test func whatIsNearToAWord() {
        #expect(nearest(to: "abc", among: ["xyc"]) == "xyc" && nearest(to: "abc", among: ["xyz"]) == nil)
        #expect(nearest(to: "abcdefghi", among: ["xyzdefghi"]) == "xyzdefghi")
        #expect(nearest(to: "abcdef", among: ["abcdefgh", "abxdef"]) == "abxdef")
        #expect(nearest(to: "ab", among: ["ac", "aa"]) == "aa" && nearest(to: "ABC", among: ["abc"]) == "abc")
    }
}

extension RandomSourceTests {
    @Test func uniformNumbersStayBetweenTheirBounds() {
        var random = RandomSource(seed: 1, stream: "bounds")
        let drawn = (0..<200).map { _ in random.uniform(2, 3) }
        #expect(drawn.allSatisfy { $0 >= 2 && $0 < 3 } && drawn.contains { $0 > 2.9 } && drawn.contains { $0 < 2.1 })
    }
}
