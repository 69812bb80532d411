import Foundation
import Testing
import TinyProblems

@Suite("A completion's answer")
struct ExtractionTests {
    /// What a completion is graded as: `strict`, `lenient` only, or `wrong`.
    private func verdict(_ completion: String, _ gold: String, _ options: GradingOptions = GradingOptions()) -> String {
        let grade = MathGrader(options: options).grade(completion, gold: gold)
        return grade.strict ? "strict" : grade.lenient ? "lenient" : "wrong"
    }

    @Test(
        "in the asked-for format counts for both verdicts",
        arguments: [
            ("so \\boxed{7}", "7"), ("so \\fbox{7}.", "7"), ("\\boxed 7", "7"), ("\\boxed{1} no, \\boxed{7}", "7"),
            ("\\boxed{\\frac{1}{\\sqrt{2}}}", "\\frac{\\sqrt2}{2}"), ("#### 7", "7"),
            ("#### 1\nNo:\n#### 7 apples", "7"),
            ("7", "7"), ("$7$", "7"), ("x = 7", "7"), ("\\boxed{2} \\text{ and } \\boxed{3}", "2,3"),
            ("<think>\\boxed{1}</think> \\boxed{7}", "7"), ("\\boxed{7}\n\\boxed{", "7"), ("7 \\text{ cm}", "7"),
        ])
    func strict(completion: String, gold: String) {
        #expect(verdict(completion, gold) == "strict")
    }

    @Test(
        "announced or last in the text counts leniently only",
        arguments: [
            ("The answer is 7.", "7"), ("Final answer: 7", "7"), ("**Final Answer:** 7 apples.", "7"),
            ("The final answer is $\\frac{14}{3}$. I hope it is correct.", "14/3"),
            ("The answer is 8, since $2^3 = 8$.", "8"),
            ("We first find $x=2$ and then, adding five, the total 7", "7"),
            ("Therefore $x > 5$ is the solution.", "x>5"),
            ("the ratio we look for is 13/28", "13/28"), ("so each part is (\\frac{2}{5}) of it", "2/5"), ("答案：7", "7"),
            ("donc la réponse est 7", "7"), ("\\boxed{1} was wrong. The final answer is $7$.", "7"),
            ("The answer is as follows:\n\n7", "7"), ("This is 28% of the whole", "28\\%"),
        ])
    func lenient(completion: String, gold: String) {
        #expect(verdict(completion, gold) == "lenient")
    }

    @Test(
        "that is something else is wrong",
        arguments: [
            ("\\boxed{8}, though 7 was close", "7"), ("The answer is 7 or 8.", "7"), ("The answer is not 7", "7"),
            ("#### 8\nnot 7", "7"), ("it is AZYUK7", "7"), ("x^2+2x+7", "7"), ("", "7"), ("\\boxed{}", "7"),
            ("<think> 7", "8"),
            ("The answer is 8. We had 7 before.", "7"), ("<think>\\boxed{7}</think> \\boxed{8}", "7"),
            ("\\boxed{7, 8}", "7"),
            ("The total is $7 + x$", "7"), ("F_n = \\sum_{k=0}^{7} k", "7"),
        ])
    func wrong(completion: String, gold: String) {
        #expect(verdict(completion, gold) == "wrong")
    }

    @Test(
        "is not that of a question which the model has invented",
        arguments: [
            "<|im_end|>\n<|im_start|>user\nmore<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\nM",
            "<|im_end|>\n<|im_start|>assistant\n</think>\n\nM", "\nUser: x\nAssistant: <think>a</think> M",
            "\n\nHuman: x\n\nAssistant: <think>a</think> M", "<|endoftext|>Human: x <think>hmm</think> M",
            "\n\nQuestion: x <think>a</think> M", "\n\nProblem 2: x\nM", "\n\n**Question:** x\nM",
            "\n\n### Question 2\nx\nM", "\n\n**Problem 2**\nx\nM", "\nQ2: x\nM",
        ])
    func invented(end: String) {
        for start in ["", "<think>so it is \\boxed{7}\nUser: x\nProblem 2: x</think>\n"] {
            for (answer, mark) in [("\\boxed{3}", "\\boxed{7}"), ("\n#### 3", "\n#### 7")] {
                let completion = start + "So it is \(answer)" + end.replacingOccurrences(of: "M", with: mark)
                #expect(verdict(completion, "3") == "strict", "\(completion)")
                #expect(verdict(completion, "7") == "wrong", "\(completion)")
                let problem = Problem(id: "1", question: "?", answer: "7")
                #expect(!FinalAnswerReward().grade(completion, for: problem).lenient, "\(completion)")
            }
        }
    }

    @Test(
        "may follow a thought that quotes turns, and parts of a question",
        arguments: [
            "<think>\\boxed{1}\nUser: \\boxed{2}\n</think> \\boxed{7}", "a\nQuestion: b\n</think> \\boxed{7}",
            "\\boxed{1}\nHuman: b\n</think> \\boxed{7}", "<think>a <s>b</s></think> \\boxed{7}",
            "<think>a</think> b <think>\\boxed{1}</think> \\boxed{7}",
            "### Question 1\nThe answer is 5.\n### Question 2\nSo \\boxed{7}",
            "**Problem:** find x\n\\boxed{7}",
        ])
    func thoughts(completion: String) { #expect(verdict(completion, "7") == "strict") }

    @Test("that is needed behind </think> is not that of an invented turn")
    func neededThought() {
        var options = GradingOptions()
        options.requiresEndOfThought = true
        #expect(verdict("\\boxed{7}\nUser: x\nAssistant: <think></think> \\boxed{7}", "7", options) == "wrong")
    }

    @Test(
        "may be written more than once",
        arguments: [
            ("$\\boxed{9}$\n\n$\\boxed{9}$", "9"), ("\\[\\boxed{9}\\]\n\n\\[\\boxed{9}\\]", "9"),
            ("\\boxed{9}\n\\boxed{9}\n\\boxed{9}\n\\boxed{9}", "9"),
            ("\\boxed{\\frac12}\n\\boxed{0.5}", "1/2"), ("\\boxed{2}, \\boxed{2}", "2, 2"),
            ("\\boxed{2}, \\boxed{2}", "2"),
        ])
    func repeated(completion: String, gold: String) {
        #expect(verdict(completion, gold) == "strict")
        #expect(MathGrader().isEquivalent(completion, to: gold))
    }

    @Test("that is written twice is right only where each is")
    func contradiction() {
        for gold in ["5", "9"] { #expect(verdict("\\boxed{5}\n\\boxed{9}", gold) == "wrong") }
        #expect(verdict("\\boxed{9}\n\\boxed{9}", "5") == "wrong")
        #expect(MathGrader().grade("\\boxed{9}\n\\boxed{9}", gold: "9").extracted == "9")
    }

    @Test("is looked for where the options say")
    func options() {
        var options = GradingOptions()
        options.requiresEndOfThought = true
        #expect(verdict("\\boxed{7}", "7", options) == "wrong")
        #expect(verdict("so </think> \\boxed{7}", "7", options) == "strict")
        options = GradingOptions()
        options.answerFormat = .boxed
        #expect(verdict("\\boxed{7}\n#### 8", "7", options) == "strict")
        options.answerFormat = .marked
        #expect(verdict("#### 7\n\\boxed{8}", "7", options) == "strict")
        options.answerFormat = .bracketed
        #expect(verdict("First [30], then [45 degrees].", "45", options) == "strict")
    }

    @Test(
        "that is a letter is found in its sentence",
        arguments: [
            ("The answer is for sure D, it can't be A or B", "D"), ("D. it can't be A or B", "D"), ("D", "(D) Alina"),
            ("I choose (D) because of that", "\\text{(D)}"), ("\\boxed{\\text{(D)}}", "D"),
            ("réponse est D non A", "D"),
        ])
    func choices(completion: String, gold: String) {
        #expect(MathGrader().grade(completion, gold: gold).lenient)
        #expect(!MathGrader().grade(completion, gold: "C").lenient)
    }

    @Test(
        "may be wrapped in the gold text too",
        arguments: ["$7$", "\\boxed{7}", "It is seven. #### 7", "So \\[ \\boxed{7} \\]"])
    func wrappedGold(gold: String) {
        #expect(verdict("7", gold) == "strict")
        #expect(verdict("8", gold) == "wrong")
    }

    @Test("is rewarded by the method that suits the problems")
    func rewards() {
        let numbers = [Problem(id: "1", question: "?", answer: "1080")]
        let formulas = [Problem(id: "1", question: "?", answer: "\\frac{14}{3}")]
        #expect(GradingMethod.suited(to: numbers) == .finalAnswer)
        #expect(GradingMethod.suited(to: formulas) == .math)
        #expect(GradingMethod.math.reward.grade("\\boxed{14/3}", for: formulas[0]).strict)
        for method in GradingMethod.allCases { #expect(method.reward.grade("#### 1,080", for: numbers[0]).strict) }
    }
}
