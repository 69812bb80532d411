import Testing
import TinyProblems
import TinyFoundation

@Suite("Exact numbers")
struct ExactNumberTests {
    @Test(
        "agree when their values do, however they are written",
        arguments: [
            [
                "1080", "1,080", "1080.0", "$1080", "$1,080.00", "+1080", " 1080\n", "01080", "\\$1,080", "1{,}080",
                "1,\\!080", "1\\,080",
                "1{,}\\!080", "\\$1{,}080.0",
            ],
            ["-5", "−5", "-$5", "$-5", "-5.00", "-05"],
            ["0", "-0", "0.000", "+0", ".0", "$0", "000"],
            ["0.5", ".5", "00.50", "+.5"],
            ["1000000", "1,000,000", "1000000.00"],
            ["100000000000000000000000000000", "100,000,000,000,000,000,000,000,000,000.0"],
        ])
    func agree(spellings: [String]) {
        for spelling in spellings {
            #expect(ExactNumber(spelling) != nil, "\(spelling)")
            #expect(ExactNumber(spelling) == ExactNumber(spellings[0]), "\(spelling) and \(spellings[0])")
        }
    }

    @Test(
        "differ when their values do, where Double could not tell",
        arguments: [
            ("0.1", "0.1000000000000000055511151231257827"), ("9007199254740993", "9007199254740992"),
            ("5", "-5"), ("1", "10"), ("0.1", "0.01"), ("1080", "1008"), ("1e0", "1"),
        ])
    func differ(left: String, right: String) {
        #expect(ExactNumber(left) != ExactNumber(right))
    }

    @Test(
        "refuse what is not one number",
        arguments: [
            "", " ", "-", "$", "--5", "+-5", "-$-5", "5-", "1,08", "1,0800", "1{,}08", "1\\,0800", "1{,080", "1\\080",
            "1000,000", ",100", "1.", "1.2.3", "1e5",
            "3/4",
            "5 5", "five", "٣", "0x10", "1,000,00", "∞", "nan", "$$5", "− 5",
        ])
    func refuse(text: String) {
        #expect(ExactNumber(text) == nil)
    }

    @Test("survive a million digits, signs or commas")
    func hugeTexts() {
        let nines = String(repeating: "9", count: 1_000_000)
        #expect(ExactNumber(nines) == ExactNumber("$" + nines + ".000"))
        #expect(ExactNumber(nines) != ExactNumber(nines + "9"))
        #expect(ExactNumber(String(repeating: "-", count: 1_000_000) + "1") == nil)
        #expect(ExactNumber("1" + String(repeating: ",000", count: 250_000)) != nil)
        #expect(ExactNumber(String(repeating: "0", count: 1_000_000)) == ExactNumber("0"))
    }

    @Test("compare like scaled integers, for random values and spellings")
    func randomSpellings() {
        var random = RandomStream(.shuffling, seed: 1)
        for _ in 0..<3000 {
            let left = random.below(2000), right = random.below(2000)
            let places = random.below(4)
            let first = spelling(of: left, places: places, using: &random)
            let second = spelling(of: right, places: places, using: &random)
            #expect(
                (ExactNumber(first) == ExactNumber(second)) == (left == right),
                "\(left) and \(right) in 10^-\(places), written \(first) and \(second)")
        }
    }

    /// `value · 10^-places` with random zeros and currency.
    private func spelling(of value: Int, places: Int, using random: inout RandomStream) -> String {
        var scale = 1
        for _ in 0..<places { scale *= 10 }
        let fraction = String(scale + value % scale).dropFirst()
        let zeros = String(repeating: "0", count: random.below(3))
        let point = places > 0 || !zeros.isEmpty ? "." : ""
        return random.pick(["", "+", "$", "0"]) + "\(value / scale)" + point + fraction + zeros
    }
}
