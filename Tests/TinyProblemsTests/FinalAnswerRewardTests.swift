import Foundation
import Testing
import TinyProblems
import TinyFoundation

/// The rules people train on; every row is one promise of `FinalAnswerReward`'s documentation.
///
/// | column | meaning |
/// |---|---|
/// | completion | what the model wrote |
/// | strict, lenient | the verdicts for the gold answer 18 unless the row names another |
/// | extracted | the answer taken, as written |
/// | wellFormed | whether the marked line holds an answer |
struct GradingCase: Sendable, CustomTestStringConvertible {
    var completion: String
    var gold = "18"
    var strict: Bool
    var lenient: Bool
    var extracted: String?
    var wellFormed: Bool

    var testDescription: String { "\(completion.debugDescription) for \(gold)" }

    static func right(_ completion: String, as extracted: String, gold: String = "18") -> GradingCase {
        GradingCase(
            completion: completion, gold: gold, strict: true, lenient: true, extracted: extracted, wellFormed: true)
    }

    static func wrong(_ completion: String, as extracted: String, gold: String = "18") -> GradingCase {
        GradingCase(
            completion: completion, gold: gold, strict: false, lenient: false, extracted: extracted, wellFormed: true)
    }

    static func unmarked(
        _ completion: String, as extracted: String?, lenient: Bool, gold: String = "18"
    ) -> GradingCase {
        GradingCase(
            completion: completion, gold: gold, strict: false, lenient: lenient, extracted: extracted, wellFormed: false
        )
    }
}

@Suite("Final answers")
struct FinalAnswerRewardTests {
    static let marked: [GradingCase] = [
        .right("9 + 9 = 18\n#### 18", as: "18"),
        .right("####18", as: "18"),
        .right("####   \t18  \t", as: "18"),
        .right("#### 18.", as: "18"),
        .right("#### 18 dollars.", as: "18"),
        .right("#### 18%", as: "18"),
        .right("#### 18km/h", as: "18"),
        .right("#### $18.00", as: "$18.00"),
        .right("#### \\$18", as: "\\$18"),
        .right("#### +18", as: "+18"),
        .right("#### 018", as: "018"),
        .right("#### 18\r\n", as: "18"),
        .right("#### 18\nAnd 3 more.", as: "18"),
        .right("#### 7\n#### 18", as: "18"),
        .right("##### 18", as: "18"),
        .right("$$ x = 3 $$ #### 18", as: "18"),
        .right("#### **18**", as: "18"),
        .right("**#### 18**", as: "18"),
        .right("#### Final Answer: 18", as: "18"),
        .right("#### 18<|im_end|>\n<|im_start|>user\n#### 19", as: "18"),
        .right("#### 18\n\n#### Check\nTwice 9 is 18, not 19.", as: "18"),
        .right("#### 1,080", as: "1,080", gold: "1080"),
        .right("#### 1080", as: "1080", gold: "1,080"),
        .right("#### -5", as: "-5", gold: "-5"),
        .right("#### −5", as: "−5", gold: "-5"),
        .right("#### -$5.0", as: "-$5.0", gold: "-5"),
        .right("#### .5", as: ".5", gold: "0.5"),
        .right("#### 25", as: "25", gold: "025"),
        .wrong("#### 17", as: "17"),
        .wrong("#### -18", as: "-18"),
        .wrong("so 18.\n#### 3", as: "3"),
        .wrong("\\boxed{18} #### 3", as: "3"),
        .wrong("#### 18.5", as: "18.5"),
        .wrong("#### 18\n#### 7", as: "7"),
    ]

    static let unmarked: [GradingCase] = [
        .unmarked("", as: nil, lenient: false),
        .unmarked("I do not know.", as: nil, lenient: false),
        .unmarked("####", as: nil, lenient: false),
        .unmarked("18\n####", as: "18", lenient: true),
        .unmarked("#### \n18", as: "18", lenient: true),
        .unmarked("#### eighteen, 18", as: "18", lenient: true),
        .unmarked("#### 17 or 18", as: "18", lenient: true),
        .unmarked("#### 36/2", as: "2", lenient: false),
        .unmarked("#### 18/2", as: "2", lenient: false),
        .unmarked("#### 1,8", as: "8", lenient: false),
        .unmarked("#### --18", as: "-18", lenient: false),
        .unmarked("#### 18\n#### none", as: "18", lenient: true),
        .unmarked("### 18", as: "18", lenient: true),
        .unmarked("# # # # 18", as: "18", lenient: true),
        .unmarked("She has 18. I hope this helps! I am here 24/7.", as: "18", lenient: true),
        .unmarked("#### Step 1: count\nThere are 18.", as: "18", lenient: true),
        .unmarked("The answer is 18.", as: "18", lenient: true),
        .unmarked("She pays $18.", as: "$18", lenient: true),
        .unmarked("20-18", as: "18", lenient: true),
        .unmarked("20 - 18", as: "18", lenient: true),
        .unmarked("(20)-18", as: "18", lenient: true),
        .unmarked("x = -18", as: "-18", lenient: false),
        .unmarked("x = -18", as: "-18", lenient: true, gold: "-18"),
        .unmarked("18 is less than 19", as: "19", lenient: false),
        .unmarked("It is \\boxed{18}, not 19.", as: "18", lenient: true),
        .unmarked("\\boxed{3} then \\boxed{ 18 }", as: "18", lenient: true),
        .unmarked("\\boxed{\\frac{36}{2}} is 18", as: "18", lenient: true),
        .unmarked("\\boxed{18", as: "18", lenient: true),
        .unmarked("\\boxed{70{,}000}", as: "70{,}000", lenient: true, gold: "70000"),
        .unmarked("in 1\\,080 ways", as: "1\\,080", lenient: true, gold: "1080"),
        .unmarked("in 1,080 ways", as: "1,080", lenient: true, gold: "1080"),
        .unmarked("(3,4)", as: "4", lenient: true, gold: "4"),
        .unmarked("version 3.18", as: "3.18", lenient: false),
    ]

    static let texts: [GradingCase] = [
        .right("#### \\frac{1}{2}", as: "\\frac{1}{2}", gold: "\\frac{1}{2}"),
        .wrong("#### 0.5", as: "0.5", gold: "\\frac{1}{2}"),
        .unmarked("so \\boxed{\\frac{1}{2}}.", as: "\\frac{1}{2}", lenient: true, gold: "\\frac{1}{2}"),
        .unmarked("so 1/2", as: nil, lenient: false, gold: "\\frac{1}{2}"),
        .unmarked("####", as: nil, lenient: false, gold: "north"),
    ]

    @Test("are graded as documented", arguments: marked + unmarked + texts)
    func grades(row: GradingCase) {
        let problem = Problem(id: "1", question: "?", answer: row.gold)
        let expected = Grade(
            strict: row.strict, lenient: row.lenient, extracted: row.extracted, isWellFormed: row.wellFormed)
        #expect(FinalAnswerReward().grade(row.completion, for: problem) == expected)
    }

    @Test(
        "are not looked for before the last </think>, by either grader",
        arguments: [
            ("<think>#### 18</think>\n#### 7", false, false), ("<think>#### 7</think>\n#### 18", true, true),
            ("<think>\\boxed{18}</think> It is 7.", false, false),
            ("<think>It is \\boxed{7}.</think> It is 18.", false, true),
            ("<think>#### 18</think>", false, false), ("<think>7</think> no <think>#### 18</think> so 7", false, false),
            ("<think>#### 18", true, true), ("<think>#### 7</think> #### 18<|im_end|> #### 7", true, true),
        ])
    func thoughts(completion: String, strict: Bool, lenient: Bool) {
        let problem = Problem(id: "1", question: "?", answer: "18")
        for method in GradingMethod.allCases {
            let grade = method.reward.grade(completion, for: problem)
            #expect(grade.strict == strict && grade.lenient == lenient, "\(method)")
        }
    }

    @Test("keep the digits of other scripts as they are")
    func digits() {
        let problem = Problem(id: "1", question: "?", answer: "18")
        #expect(!FinalAnswerReward().grade("#### ١٨", for: problem).lenient)
    }

    @Test("earn 1 or 0 by the kind of reward")
    func rewards() {
        let grade = FinalAnswerReward().grade("18", for: Problem(id: "1", question: "?", answer: "18"))
        #expect(grade.reward() == 0)
        #expect(grade.reward(.strict) == 0)
        #expect(grade.reward(.lenient) == 1)
    }
}

@Suite("Grades in records")
struct GradeCodingTests {
    @Test("have stable keys and survive a round through JSON")
    func keys() throws {
        let grade = Grade(strict: false, lenient: true, extracted: "18", isWellFormed: false)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let data = try encoder.encode(grade)
        #expect(
            String(decoding: data, as: UTF8.self)
                == #"{"extracted":"18","lenient":true,"strict":false,"well_formed":false}"#)
        #expect(try JSONDecoder().decode(Grade.self, from: data) == grade)
    }
}

@Suite("Parse statistics")
struct ParseStatisticsTests {
    private func statistics(_ completions: String...) -> ParseStatistics {
        let problem = Problem(id: "1", question: "?", answer: "18")
        return ParseStatistics(completions.map { FinalAnswerReward().grade($0, for: problem) })
    }

    @Test("count what was read and what was right")
    func counts() {
        var all = statistics("#### 18", "#### 3", "18")
        all.add(statistics("none"))
        #expect(all.completions == 4)
        #expect(all.wellFormed == 2)
        #expect(all.extracted == 3)
        #expect(all.strict == 1)
        #expect(all.lenient == 2)
    }

    @Test("say why every reward is 0")
    func reasons() {
        #expect(
            statistics("18", "a").reasonForNoReward()
                == "none of 2 completions had an answer in the requested format, so every reward is 0")
        #expect(
            statistics("#### 3", "a").reasonForNoReward()
                == "1 of 2 completions had an answer in the requested format and none was right, so every reward is 0")
        #expect(
            statistics("a").reasonForNoReward(.lenient)
                == "none of 1 completions had an answer anywhere, so every reward is 0")
        #expect(statistics("18").reasonForNoReward(.lenient) == nil)
        #expect(statistics().reasonForNoReward() == nil)
    }
}
