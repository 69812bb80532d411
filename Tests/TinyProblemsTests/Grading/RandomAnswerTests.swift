import Foundation
import Testing
import TinyFoundation
import TinyProblems
import TinyTestSupport

/// Pairs of the test: 3,000, or what `TINYLORA_FUZZ_CASES` says.
private let pairCount = fuzzCases(3000)

/// A gold answer, notations of the same answer, and notations of another one.
private struct RandomAnswer {
    var kind: String
    var gold: String
    var right: [String]
    var wrong: [String]
}

@Suite("A random answer in random notation and formatting")
struct RandomAnswerTests {
    /// How a completion presents its answer. The decoy is another value on the way: where the answer is wrong, the right one.
    private static let formats:
        [(name: String, text: @Sendable (_ answer: String, _ inline: String, _ decoy: String) -> String)] = [
            ("box", { "First we get \($2). So it is $\\boxed{\($0)}$." }),
            ("box alone", { answer, _, _ in "\\boxed{\(answer)}" }),
            ("display box", { "Suppose it were \($2).\n\n\\[\n\\boxed{\($0)}\n\\]" }),
            ("box and pleasantry", { "Not \($2), but \\boxed{\($0)}. I hope this helps!" }),
            ("two boxes", { "\\boxed{\(bare($2))} was my first try. After a check:\n\n\\boxed{\($0)}" }),
            ("box and turn", { "So \\boxed{\($0)}<|im_end|>\n<|im_start|>user\nWhy not \\boxed{\(bare($2))}?" }),
            ("box after thought", { "<think>Is it \\boxed{\(bare($2))}?</think>It is \\boxed{\($0)}." }),
            ("marked", { "We start from \($2).\n#### \($0)" }),
            ("marked, bold", { "We start from \($2).\n#### **\($0)**" }),
            ("marked, mathematics", { "We start from \($2).\n#### $\($0)$" }),
            ("marked, announced", { "We start from \($2).\n#### Final Answer: \($1)" }),
            ("marked, end of turn", { "We start from \($2).\n#### \($0)<|eot_id|>" }),
            ("headings", { "#### Step 1: \($2)\nWe go on.\n#### Step 2: the rest\n\\boxed{\($0)}" }),
            ("heading of the answer", { "## Step 1\nWe use \($2).\n\n## Final Answer\n\n$$\($0)$$" }),
            ("announced", { "We have \($2) at first. The answer is \($1)." }),
            (
                "announced finally",
                { "From \($2) we go on.\nFinal Answer: The final answer is \($1). I hope it is correct." }
            ),
            ("announced, bold", { "From \($2) we go on.\n\n**Answer:** \($1)" }),
            ("announced, all bold", { "From \($2) we go on.\n\n**Answer: \($1)**" }),
            ("announced, parentheses", { "From \($2) we go on.\n\nAnswer: \\(\($0)\\)" }),
            ("announced, display", { "From \($2) we go on. The answer is\n\\[ \($0) \\]" }),
            ("announced, pleasantry", { "We used \($2). The answer is \($1). Let me know if you need more help!" }),
            ("announced, turn", { "The answer is \($1).</s>\nUser: Is it \($2)?" }),
            ("concluded", { "We try \($2) and it fails. Therefore, the result is $\($0)$." }),
            ("box and check", { "So \\boxed{\($0)}.\n\nCheck: \($2) does not fit." }),
            ("marked and check", { "We go on.\n#### \($0)\n\nNote that \($2) does not fit." }),
            ("heading, box, heading", { "### Step 1\n\($2)\n### Step 2\n\\boxed{\($0)}\n### Remark\nThat was it." }),
            ("list of steps", { "1. We see \($2).\n2. We simplify.\n3. **Final answer:** \($1)" }),
            ("bare", { answer, _, _ in answer }),
            ("mathematics alone", { answer, _, _ in "$\(answer)$" }),
        ]

    private static func bare(_ inline: String) -> String { inline.filter { $0 != "$" } }

    /// An answer in a sentence: without dollar signs only where it is plain text.
    private static func inline(_ answer: String, _ random: inout RandomStream) -> String {
        let isPlain = !answer.contains("\\") && !answer.contains("^") && !answer.contains("{")
        return isPlain && random.below(3) == 0
            ? answer : random.pick(["$\(answer)$", "$ \(answer) $", "\\(\(answer)\\)"])
    }

    /// The same notation with other spaces or another size.
    private static func spaced(_ answer: String, _ random: inout RandomStream) -> String {
        switch random.below(6) {
        case 0: answer.replacing(", ", with: ",")
        case 1: "\\displaystyle \(answer)"
        case 2: answer.replacing(" = ", with: "=").replacing(" + ", with: "+")
        default: answer
        }
    }

    @Test("is accepted where it is right, and never where it is wrong")
    func randomAnswers() {
        var random = RandomStream(.shuffling, seed: 31)
        var refused: [String: Int] = [:], accepted = 0
        for round in 0..<pairCount {
            let answer = Self.answers[round % Self.answers.count](&random)
            let format = random.pick(Self.formats)
            let other = "\(random.below(90) + 1_000)"
            let right = Self.spaced(random.pick(answer.right), &random)
            let text = format.text(right, Self.inline(right, &random), other)
            if MathGrader().grade(text, gold: answer.gold).lenient {
                accepted += 1
            } else {
                let key = "\(answer.kind), \(format.name)"
                if refused[key] == nil {
                    print("refused: \(key): \(text.debugDescription) for \(answer.gold.debugDescription)")
                }
                refused[key, default: 0] += 1
            }
            let wrong = Self.spaced(random.pick(answer.wrong), &random)
            let decoy = random.pick([answer.gold, random.pick(answer.right)])
            let wrongFormat = random.pick(Self.formats)
            let wrongText = wrongFormat.text(wrong, Self.inline(wrong, &random), Self.inline(decoy, &random))
            let grade = MathGrader().grade(wrongText, gold: answer.gold)
            #expect(
                !grade.lenient,
                "\(round): \(answer.kind), \(wrongFormat.name): \(wrongText.debugDescription) for \(answer.gold.debugDescription)"
            )
        }
        #expect(Double(accepted) >= 0.98 * Double(pairCount), "refused: \(refused)")
    }

    // MARK: Values

    private typealias Maker = @Sendable (inout RandomStream) -> RandomAnswer

    private static let answers: [Maker] = [
        integer, fraction, decimal, radical, multipleOfPi, tuple, list, interval, punctured, polynomial, equation,
        measure,
        percent, determinant, complex,
    ]

    private static func number(_ random: inout RandomStream, _ bound: Int) -> Int {
        (1 + random.below(bound)) * (random.below(3) == 0 ? -1 : 1)
    }

    private static func grouped(_ value: Int, _ separator: String) -> String {
        var digits = String(value.magnitude), groups: [String] = []
        while digits.count > 3 {
            groups.insert(String(digits.suffix(3)), at: 0)
            digits.removeLast(3)
        }
        return (value < 0 ? "-" : "") + ([digits] + groups).joined(separator: separator)
    }

    @Sendable private static func integer(_ random: inout RandomStream) -> RandomAnswer {
        let value = number(&random, random.pick([20, 1_000, 3_000_000]))
        let part = number(&random, 500)
        return RandomAnswer(
            kind: "integer", gold: "\(value)",
            right: [
                "\(value)", "\(value).0", grouped(value, ","), grouped(value, "{,}"), grouped(value, ",\\!"),
                "\(value - part) + \(part)", "x = \(value)", "m+n = \(value - part) + \(part) = \(value)",
                "\\frac{\(2 * value)}{2}", "\\text{\(value)}", "\\mathbf{\(value)}",
                "\(value)".replacing("-", with: "\u{2212}"),
            ],
            wrong: [
                "\(value + 1 + random.below(9))", "\(-value)", "\(value)1", "\(value).5", "\\frac{\(value)}{2}",
                "x = \(value + 1)", "\(value - part) + \(part + 1)", "\(value), \(value + 1)",
                "\(value - part) + \(part + 1) = \(value)",
            ])
    }

    @Sendable private static func fraction(_ random: inout RandomStream) -> RandomAnswer {
        let bottom = 2 + random.below(30)
        var top = 1 + random.below(200)
        while greatestCommonDivisor(top, bottom) != 1 { top += 1 }
        let sign = random.below(3) == 0 ? "-" : ""
        let factor = 2 + random.below(5)
        var right = [
            "\(sign)\\frac{\(top)}{\(bottom)}", "\(sign)\\dfrac{\(top)}{\(bottom)}", "\(sign)\(top)/\(bottom)",
            "\(sign)\\tfrac{\(top)}{\(bottom)}", "\\frac{\(sign)\(top)}{\(bottom)}", "{\(sign)\(top) \\over \(bottom)}",
            "\(sign)\\frac{\(top * factor)}{\(bottom * factor)}", "\(sign)\(top)\u{2044}\(bottom)",
        ]
        if top > bottom { right.append("\(sign)\(top / bottom)\\frac{\(top % bottom)}{\(bottom)}") }
        let gold = "\(sign)\\frac{\(top)}{\(bottom)}"
        return RandomAnswer(
            kind: "fraction", gold: gold, right: right,
            wrong: [
                "\(sign)\\frac{\(top + 1)}{\(bottom)}", "\(sign)\\frac{\(top)}{\(bottom + 1)}",
                sign.isEmpty ? "-\(gold)" : String(gold.dropFirst()), "\(sign)\(top + bottom)/\(bottom)",
                "\(sign)\(top)", "\(bottom)",
                "\(sign)\\frac{\(bottom)}{\(top == 1 ? 7 : top)}",
            ])
    }

    private static func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
        b == 0 ? a : greatestCommonDivisor(b, a % b)
    }

    @Sendable private static func decimal(_ random: inout RandomStream) -> RandomAnswer {
        let whole = random.below(500), hundredths = 10 * random.below(10) + 1 + random.below(9)
        let fraction = hundredths < 10 ? "0\(hundredths)" : "\(hundredths)"
        let changed = hundredths % 10 == 9 ? hundredths - 1 : hundredths + 1
        let value = 100 * whole + hundredths
        return RandomAnswer(
            kind: "decimal", gold: "\(whole).\(fraction)",
            right: [
                "\(whole).\(fraction)", "\(whole).\(fraction)0", "\\frac{\(value)}{100}", "\(value)/100",
                "\\$\(whole).\(fraction)",
                "\(value) \\times 10^{-2}", "\(whole) + 0.\(fraction)",
            ],
            wrong: [
                "\(whole).\(changed < 10 ? "0" : "")\(changed)", "\(whole + 1).\(fraction)", "-\(whole).\(fraction)",
                "\(value)",
                "\(whole).\(fraction)1", "\(value) \\times 10^{-3}", "\(whole).0\(fraction)",
            ])
    }

    @Sendable private static func radical(_ random: inout RandomStream) -> RandomAnswer {
        let radicand = random.pick([2, 3, 5, 6, 7, 10, 11, 13, 15])
        let factor = 2 + random.below(12), offset = 1 + random.below(20)
        let square = factor * factor * radicand
        let hasOffset = random.below(2) == 0
        let lead = hasOffset ? "\(offset) + " : ""
        return RandomAnswer(
            kind: "radical", gold: "\(lead)\(factor)\\sqrt{\(radicand)}",
            right: [
                "\(lead)\(factor)\\sqrt{\(radicand)}", "\(lead)\\sqrt{\(square)}", "\(lead)\(factor)√\(radicand)",
                "\(lead)\(factor) \\cdot \\sqrt{\(radicand)}", "\(lead)\(factor)*sqrt(\(radicand))",
                "\(lead)\(factor) \\cdot \(radicand)^{1/2}", "\(lead)\\frac{\(factor * radicand)}{\\sqrt{\(radicand)}}",
            ] + (hasOffset ? ["\(factor)\\sqrt{\(radicand)} + \(offset)"] : []),
            wrong: [
                "\(lead)\(factor + 1)\\sqrt{\(radicand)}", "\(lead)\\sqrt{\(square + 1)}",
                "\(lead)\(factor)\\sqrt[3]{\(radicand)}",
                "\(lead)\(factor)\\cdot\(radicand)", "-(\(lead)\(factor)\\sqrt{\(radicand)})",
                String(format: "%.4f", Double(hasOffset ? offset : 0) + Double(square).squareRoot()),
            ])
    }

    @Sendable private static func multipleOfPi(_ random: inout RandomStream) -> RandomAnswer {
        let bottom = 2 + random.below(12)
        var top = 1 + random.below(30)
        while greatestCommonDivisor(top, bottom) != 1 { top += 1 }
        let times = top == 1 ? "" : "\(top)"
        return RandomAnswer(
            kind: "pi", gold: "\\frac{\(times)\\pi}{\(bottom)}",
            right: [
                "\\frac{\(times)\\pi}{\(bottom)}", "\\frac{\(top)}{\(bottom)}\\pi", "\(times)π/\(bottom)",
                "\(top)\\pi/\(bottom)",
                "\\dfrac{\(2 * top)\\pi}{\(2 * bottom)}", "\\frac{\\pi \\cdot \(top)}{\(bottom)}",
            ],
            wrong: [
                "\\frac{\(top + 1)\\pi}{\(bottom)}", "\\frac{\(top)}{\(bottom)}", "\\frac{\(top)\\pi^2}{\(bottom)}",
                "\\frac{\(times)\\pi}{\(bottom + 1)}", "-\\frac{\(times)\\pi}{\(bottom)}",
                String(format: "%.6f", Double(top) * .pi / Double(bottom)),
            ])
    }

    @Sendable private static func tuple(_ random: inout RandomStream) -> RandomAnswer {
        let a = number(&random, 60)
        var b = number(&random, 60)
        if b == a { b += 1 }
        let c = number(&random, 60)
        if random.below(2) == 0 {
            return RandomAnswer(
                kind: "pair", gold: "(\(a), \(b))",
                right: [
                    "(\(a), \(b))", "(\(a),\(b))", "\\left(\(a), \(b)\\right)", "x = \(a), y = \(b)",
                    "(x, y) = (\(a), \(b))",
                    "(\\frac{\(2 * a)}{2}, \(b))",
                ],
                wrong: [
                    "(\(b), \(a))", "(\(a), \(b + 1))", "(\(a), \(b), \(c))", "[\(a), \(b)]", "x = \(b), y = \(a)",
                    "\(a)", "(\(a), \(b)]",
                    "\\{\(a), \(b)\\}",
                ])
        }
        return RandomAnswer(
            kind: "triple", gold: "(\(a), \(b), \(c))",
            right: ["(\(a), \(b), \(c))", "(\(a),\\ \(b),\\ \(c))", "\\left( \(a), \(b), \(c) \\right)"],
            wrong: ["(\(b), \(a), \(c))", "(\(a), \(b))", "(\(a), \(b), \(c + 1))", "[\(a), \(b), \(c)]"])
    }

    @Sendable private static func list(_ random: inout RandomStream) -> RandomAnswer {
        let a = number(&random, 50)
        let b = a + 1 + random.below(9), c = b + 1 + random.below(9)
        return RandomAnswer(
            kind: "list", gold: "\(a), \(b), \(c)",
            right: [
                "\(c), \(a), \(b)", "\(a),\(b),\(c)", "\(b), \(c), \(a)", "\\{\(a), \(b), \(c)\\}",
                "\(a), \(b) \\text{ and } \(c)",
                "\(a), \(b), \\text{and } \(c)", "x = \(a), \(b), \(c)", "x=\(a), x=\(b), x=\(c)",
                "x = \(a) \\text{ or } x = \(b) \\text{ or } x = \(c)",
            ],
            wrong: [
                "\(a), \(b)", "\(a), \(b), \(c + 1)", "\(a), \(b), \(c), \(c + 1)", "\(a), \(b), \(b)", "\(c)",
                "\\{\(a), \(c)\\}", "x = \(b)", "(\(c), \(a))",
            ])
    }

    @Sendable private static func interval(_ random: inout RandomStream) -> RandomAnswer {
        let low = number(&random, 30)
        let high = low + 2 + random.below(20)
        let includesLow = random.below(2) == 0, includesHigh = random.below(2) == 0
        let open = includesLow ? "[" : "(", close = includesHigh ? "]" : ")"
        let less = includesLow ? "\\le" : "<", lessHigh = includesHigh ? "\\le" : "<"
        let signLow = includesLow ? "≤" : "<", signHigh = includesHigh ? "≤" : "<"
        let greater = includesLow ? "\\ge" : ">"
        if random.below(2) == 0 {
            return RandomAnswer(
                kind: "interval", gold: "\(open)\(low), \(high)\(close)",
                right: [
                    "\(open)\(low), \(high)\(close)", "\(low) \(less) x \(lessHigh) \(high)",
                    "\(low) \(signLow) x \(signHigh) \(high)",
                    "\\{x \\mid \(low) \(less) x \(lessHigh) \(high)\\}", "x \\in \(open)\(low), \(high)\(close)",
                    "x \(greater) \(low) \\text{ and } x \(lessHigh) \(high)",
                    "\(open)\(low), \(low + 1)] \\cup (\(low + 1), \(high)\(close)",
                    "\\{x \\in \\mathbb{R} : \(low) \(less) x \(lessHigh) \(high)\\}",
                    "\\left\(open)\(low), \(high)\\right\(close)",
                ],
                wrong: [
                    "\(includesLow ? "(" : "[")\(low), \(high)\(close)",
                    "\(open)\(low), \(high)\(includesHigh ? ")" : "]")",
                    "\(open)\(low), \(high + 1)\(close)", "\(low) \(includesLow ? "<" : "\\le") x \(lessHigh) \(high)",
                    "x \(greater) \(low)", "x \(greater) \(low) \\text{ or } x \(lessHigh) \(high)",
                    "\(open)\(low), \(low + 1)) \\cup (\(low + 1), \(high)\(close)", "\\{\(low), \(high)\\}",
                    "\\{x \\mid \(low) \(less) x\\}", "(-\\infty, \(high)\(close)",
                ])
        }
        return RandomAnswer(
            kind: "rays",
            gold: "(-\\infty, \(low)\(includesLow ? "]" : ")") \\cup \(includesHigh ? "[" : "(")\(high), \\infty)",
            right: [
                "x \(less) \(low) \\text{ or } x \(includesHigh ? "\\ge" : ">") \(high)",
                "\\mathbb{R} \\setminus \(includesLow ? "(" : "[")\(low), \(high)\(includesHigh ? ")" : "]")",
                "\(includesHigh ? "[" : "(")\(high), +\\infty) \\cup (-\\infty, \(low)\(includesLow ? "]" : ")")",
                "\\{x \\mid x \(less) \(low) \\text{ or } x \(includesHigh ? "\\geq" : ">") \(high)\\}",
                "x \(signLow) \(low) or x \(includesHigh ? "≥" : ">") \(high)",
            ],
            wrong: [
                "x \(less) \(low) \\text{ and } x \(includesHigh ? "\\ge" : ">") \(high)",
                "(-\\infty, \(low)\(includesLow ? ")" : "]") \\cup \(includesHigh ? "[" : "(")\(high), \\infty)",
                "\\mathbb{R} \\setminus \(includesLow ? "[" : "(")\(low), \(high)\(includesHigh ? ")" : "]")",
                "x \(less) \(low)",
                "\(low) \(less) x \(lessHigh) \(high)", "\\mathbb{R}", "x \(less) \(low) \\text{ or } x > \(high + 1)",
            ])
    }

    @Sendable private static func punctured(_ random: inout RandomStream) -> RandomAnswer {
        let value = number(&random, 40)
        return RandomAnswer(
            kind: "all but one", gold: "(-\\infty, \(value)) \\cup (\(value), \\infty)",
            right: [
                "\\mathbb{R} \\setminus \\{\(value)\\}", "x \\ne \(value)", "x \\neq \(value)", "x ≠ \(value)",
                "\\{x \\mid x \\ne \(value)\\}",
                "x < \(value) \\text{ or } x > \(value)", "x \\in \\mathbb{R}, x \\ne \(value)",
                "\\mathbb{R} - \\{\(value)\\}",
                "\\text{all real numbers except } \(value)", "\\{x \\in \\mathbb{R} \\mid x \\neq \(value)\\}",
            ],
            wrong: [
                "\\mathbb{R} \\setminus \\{\(value + 1)\\}", "x \\ne \(-value)", "\\mathbb{R}", "x = \(value)",
                "x > \(value)",
                "\\mathbb{Z} \\setminus \\{\(value)\\}", "\\text{all real numbers except } \(value + 1)",
                "\\mathbb{R} \\setminus \\{\(value), \(value + 1)\\}",
                "x \\le \(value) \\text{ or } x > \(value)",
            ])
    }

    @Sendable private static func polynomial(_ random: inout RandomStream) -> RandomAnswer {
        let a = 2 + random.below(9), b = 1 + random.below(30), c = 1 + random.below(50)
        let p = 2 + random.below(9), q = p + 1 + random.below(9)
        if random.below(2) == 0 {
            return RandomAnswer(
                kind: "polynomial", gold: "\(a)x^2 + \(b)x - \(c)",
                right: [
                    "\(a)x^2+\(b)x-\(c)", "\(b)x - \(c) + \(a)x^2", "-\(c) + \(b)x + \(a)x^2", "x(\(a)x + \(b)) - \(c)",
                    "\(a)x^{2} + \(b)x - \(c)",
                    "\(a)*x^2 + \(b)*x - \(c)", "\(a)x² + \(b)x − \(c)", "y = \(a)x^2 + \(b)x - \(c)",
                    "f(x) = \(a)x^2 + \(b)x - \(c)",
                ],
                wrong: [
                    "\(a)x^2 + \(b)x + \(c)", "\(a + 1)x^2 + \(b)x - \(c)", "\(a)x^3 + \(b)x - \(c)",
                    "\(a)x^2 + \(b + 1)x - \(c)", "\(a)t^2 + \(b)t - \(c)",
                    "\(a)x^2 - \(b)x - \(c)", "\(a)x^2 + \(b)x - \(c) = 0", "\(a)x^2",
                ])
        }
        return RandomAnswer(
            kind: "product", gold: "(x + \(p))(x - \(q))",
            right: [
                "(x-\(q))(x+\(p))", "(x + \(p)) \\cdot (x - \(q))", "x^2 - \(q - p == 1 ? "" : "\(q - p)")x - \(p * q)",
                "(\(p)+x)(x-\(q))",
                "-(x + \(p))(\(q) - x)",
            ],
            wrong: [
                "(x - \(p))(x + \(q))", "(x + \(p))(x + \(q))", "(x+\(p))(\(q)-x)", "x + \(p)",
                "(x + \(p + 1))(x - \(q))", "x^2 - \(p * q)",
            ])
    }

    @Sendable private static func equation(_ random: inout RandomStream) -> RandomAnswer {
        let a = 2 + random.below(7), b = 2 + random.below(7), c = 1 + random.below(40)
        return RandomAnswer(
            kind: "equation", gold: "\(a)x + \(b)y = \(c)",
            right: [
                "\(a)x+\(b)y=\(c)", "\(b)y + \(a)x = \(c)", "\(2 * a)x + \(2 * b)y = \(2 * c)",
                "\(a)x + \(b)y - \(c) = 0", "\(c) = \(a)x + \(b)y",
                "\(a)x = \(c) - \(b)y", "-\(a)x - \(b)y = -\(c)",
            ],
            wrong: [
                "\(a)x + \(b)y = \(c + 1)", "\(a)x - \(b)y = \(c)", "\(a)x + \(b)y", "\(2 * a)x + \(b)y = \(c)",
                "\(a)x + \(b)y = -\(c)", "\(c)",
                "\(a)x + \(b)y < \(c)", "\(a)u + \(b)v = \(c)",
            ])
    }

    @Sendable private static func measure(_ random: inout RandomStream) -> RandomAnswer {
        let value = 2 + random.below(900)
        let (unit, other) = random.pick([("cm", "m"), ("km", "cm"), ("kg", "g"), ("hours", "minutes")])
        return RandomAnswer(
            kind: "unit", gold: "\(value) \\text{ \(unit)}",
            right: [
                "\(value)", "\(value)\\text{ \(unit)}", "\(value)\\ \\mathrm{\(unit)}", "\(value) \\mbox{ \(unit)}",
                "\(value).0 \\text{ \(unit)}",
            ],
            wrong: [
                "\(value) \\text{ \(other)}", "\(value + 1) \\text{ \(unit)}", "\(10 * value)",
                "\(value) \\text{ \(unit)}^2", "\(-value)",
                "\(value + 1)",
            ])
    }

    @Sendable private static func percent(_ random: inout RandomStream) -> RandomAnswer {
        let value = 1 + random.below(98)
        let hundredth = value < 10 ? "0.0\(value)" : "0.\(value)"
        return RandomAnswer(
            kind: "percent", gold: "\(value)\\%",
            right: [
                "\(value)\\%", "\(value) \\%", "\(value)", "\(hundredth)", "\\frac{\(value)}{100}",
                "\(value)\\text{ percent}", "\(value).0\\%",
            ],
            wrong: [
                "\(value + 1)\\%", "\(value + 1)", "0.00\(value)", "-\(value)\\%", "\(value).5\\%", "\(10 * value)\\%",
            ])
    }

    @Sendable private static func determinant(_ random: inout RandomStream) -> RandomAnswer {
        let a = number(&random, 9), b = number(&random, 9), c = number(&random, 9), d = number(&random, 9)
        let value = a * d - b * c
        func rows(_ environment: String, _ last: Int) -> String {
            "\\begin{\(environment)} \(a) & \(b) \\\\ \(c) & \(last) \\end{\(environment)}"
        }
        return RandomAnswer(
            kind: "determinant", gold: "\(value)",
            right: [
                rows("vmatrix", d), "\\det \(rows("pmatrix", d))", "\(rows("vmatrix", d)) = \(value)",
                "\\det\\left(\(rows("bmatrix", d))\\right) = \(value)",
                "\\left|\(rows("matrix", d))\\right|", "\\det A = \(value)",
            ],
            wrong: [
                rows("vmatrix", d + 1), "\(rows("vmatrix", d)) = \(value + 1)", "\(rows("vmatrix", d + 1)) = \(value)",
                rows("pmatrix", d),
                "\\det A = \(value + 1)", "\\det \(rows("pmatrix", d - 1))",
            ])
    }

    @Sendable private static func complex(_ random: inout RandomStream) -> RandomAnswer {
        let real = number(&random, 30), imaginary = 2 + random.below(30)
        return RandomAnswer(
            kind: "complex", gold: "\(real) + \(imaginary)i",
            right: [
                "\(real)+\(imaginary)i", "\(imaginary)i + \(real)", "\(real) + i \\cdot \(imaginary)",
                "z = \(real) + \(imaginary)i", "\(real) + \(imaginary)\\mathrm{i}",
            ],
            wrong: [
                "\(real) - \(imaginary)i", "\(real + 1) + \(imaginary)i",
                "\(imaginary) + \(real == imaginary ? 1 : real)i", "\(real)", "\(real) + \(imaginary)",
                "\(real) + \(imaginary + 1)i",
            ])
    }
}
