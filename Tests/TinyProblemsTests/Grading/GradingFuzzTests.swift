import Foundation
import Testing
import TinyProblems
import TinyFoundation
import TinyTestSupport

/// Cases of each test: 3,000, or what `TINYLORA_FUZZ_CASES` says.
private let caseCount = fuzzCases(3000)

/// A pair graded within a second, on a machine however busy: the slowest takes a fraction of that.
private let limit = Duration.seconds(5)

@Suite("Any answer, however broken,")
struct GradingFuzzTests {
    private static let pieces = [
        "\\frac", "\\dfrac", "\\sqrt", "\\sqrt[3]", "{", "}", "(", ")", "[", "]", "\\{", "\\}", "|", "^", "_", "^{",
        "_{", "!",
        "+", "-", "*", "/", "\\cdot", "\\pm", "\\cup", "\\in", "=", "<", "\\le", "\\approx", ",", ";", ":", "\\text{",
        "and",
        "\\text{ or }", "\\boxed{", "\\boxed ", "####", "$", "\\$", "\\%", "%", "^\\circ", "\\pi", "\\infty", "i", "e",
        "x", "n",
        "y_1", "f(x)", "\\sin", "\\log_2", "\\ln", "\\binom", "\\lfloor", "\\rfloor", "\\begin{pmatrix}",
        "\\end{pmatrix}",
        "&", "\\\\", "1", "2", "9", "0", "10", "99999999999999999999", "1e9", "1e-400", "0.5", ".", "12,345", "{,}",
        ",\\!",
        "\\overline{3}", "52_8", "cm", "inches", "\\mbox{ cm}^2", "The answer is ", "</think>", "\n", " ", "\\left",
        "\\right.",
        "\\", "\u{0}", "é", "日", "\u{2028}", "½", "²", "√", "−", "\\mod", "\\max", "np.", "'", "\\prime", "\\mathrm{",
        "\\sum", "\\setminus", "\\mid ", "\\{x \\mid ", "\\mathbb{R}", "\\ne ", "\\cap", "\\begin{vmatrix}",
        "\\end{vmatrix}", "\\det", "all real numbers except ", " or ", "x < ", "\\emptyset",
    ]

    private static let answers = [
        "\\frac{14}{3}", "(-\\infty, 2) \\cup (3, \\infty)", "\\begin{pmatrix} -1/3 \\\\ 2/3 \\end{pmatrix}",
        "1 \\pm \\sqrt{19}",
        "11,\\! 111,\\! 111,\\! 100", "864 \\mbox{ inches}^2", "x^8 + x^7 + 1", "\\{1\\pm\\sqrt{5},-2\\}",
        "\\frac{100!}{2^{50}}",
        "5x - 7y + 11z + 4 = 0", "\\lfloor\\frac{2 n-1}{5}\\rfloor", "\\text{(C)}", "4.5e33", "y = 2x + 3",
        "10^{10^{10}}",
    ]

    private func check(_ prediction: String, _ gold: String, _ round: Int) {
        let clock = ContinuousClock()
        let start = clock.now
        let grade = MathGrader().grade(prediction, gold: gold)
        let again = MathGrader().grade(prediction, gold: gold)
        #expect(grade == again, "\(round): \(prediction.debugDescription) against \(gold.debugDescription)")
        #expect(!grade.strict || grade.lenient, "\(round): \(prediction.debugDescription)")
        #expect(!grade.lenient || grade.extracted != nil, "\(round): \(prediction.debugDescription)")
        #expect(clock.now - start < limit, "\(round): \(prediction.debugDescription) against \(gold.debugDescription)")
    }

    @Test("made of pieces of notation, is graded in bounded time")
    func pieces() {
        var random = RandomStream(.shuffling, seed: 21)
        for round in 0..<caseCount {
            func text(_ count: Int) -> String {
                (0..<random.below(count)).map { _ in random.pick(Self.pieces) }.joined()
            }
            let prediction = text(24)
            check(prediction, random.below(2) == 0 ? text(12) : random.pick(Self.answers), round)
        }
    }

    @Test("made by changing a real one, is graded in bounded time")
    func mutations() {
        var random = RandomStream(.shuffling, seed: 22)
        for round in 0..<caseCount {
            let gold = random.pick(Self.answers)
            var characters = Array(gold)
            for _ in 0..<1 + random.below(4) where !characters.isEmpty {
                let index = random.below(characters.count)
                switch random.below(4) {
                case 0: characters.remove(at: index)
                case 1: characters.insert(contentsOf: random.pick(Self.pieces), at: index)
                case 2: characters.insert(characters[random.below(characters.count)], at: index)
                default: characters = Array(characters[..<index]) + characters
                }
            }
            check(String(characters), gold, round)
        }
    }

    @Test("of random bytes or random Unicode, is graded in bounded time")
    func bytes() {
        var random = RandomStream(.shuffling, seed: 23)
        for round in 0..<caseCount {
            let count = random.below(60)
            let text =
                random.below(2) == 0
                ? String(decoding: (0..<count).map { _ in UInt8(random.below(256)) }, as: UTF8.self)
                : String(
                    String.UnicodeScalarView(
                        (0..<count).compactMap { _ in Unicode.Scalar(UInt32(random.below(0x11_0000))) }))
            check(text, random.pick(Self.answers), round)
        }
    }

    @Test(
        "repeated to any length, is graded in bounded time",
        arguments: [
            "(", "\\frac{1}{", "1\\frac{1}{", "\\sqrt{", "\\boxed{", "\\boxed ", "\\text{", "{", "-", "^", "2^", "9!",
            "1+", "x", "1,",
            "\\begin{pmatrix}", "|", "\\sin", "\\{", "1\\pm", "$", "\\(", "####", "the answer is ", "\\text{a", "[",
            "1\\frac",
            "999", "x_", "1 cm", "\\mathrm{\\mathrm{", "f(", "a:", "\\cup", "=1", "!", "%", "10^", "\\lfloor",
            "</think>", "\\frac 1", "\\{x|", "{x:", "\\{x\\in\\{", "\\det(", "\\det\\begin{pmatrix}",
            "\\begin{vmatrix}", "x<1 or ",
            "\\mathbb{R}\\setminus\\{", "(1,2)\\cup", "|x|<1,", "all real numbers except ",
        ])
    func repetition(piece: String) {
        for count in [30, 500, 20_000] {
            let text = String(repeating: piece, count: count)
            check(text, "1", count)
            check("\\boxed{\(text)}", text, count)
            check(text + String(repeating: "}", count: count), "\\frac{1}{2}", count)
        }
    }

    @Test(
        "that would be huge, is graded in bounded time",
        arguments: [
            "9^{9^{9^{9}}}", "(10^{1000})^{1000}", "400!", "(400!)!", "2^{4095}\\cdot 2^{4095}",
            "\\binom{1000}{500}^{1000}",
            "1e1000\\cdot1e1000", "(x+1)^{4000}", "(((x^{99})^{99})^{99})^{99}", "\\frac{1}{3}^{4000}",
            "0.\\overline{123456789}^{999}",
        ])
    func largeNumbers(answer: String) {
        check(answer, answer + "+1", 0)
        check(answer, String(answer.reversed()), 0)
        #expect(!MathGrader().isEquivalent(answer + "+1", to: answer))
    }
}
