import Testing
import TinyFoundation

@Suite struct NearestNameTests {
    @Test(
        "finds what was meant, or nothing",
        arguments: [
            ("learning_rat", "learning_rate"), ("Beta", "beta"), ("seeed", "seed"), ("colour", nil), ("", nil),
            ("x", nil),
            ("rnak", "rank"),
        ] as [(String, String?)])
    func findsNearest(name: String, expected: String?) {
        #expect(nearestName(to: name, in: ["learning_rate", "beta", "seed", "rank"]) == expected)
    }

    @Test("among equally near names the first wins")
    func firstOfEquals() {
        #expect(nearestName(to: "bat", in: ["cat", "hat"]) == "cat")
    }
}
