import Testing
import TinyEngine
import TinyRuns
import TinyProblems

@Suite("The advice on a prompt style")
struct FormatWarningTests {
    private func result(_ completions: [String], wellFormed: Int, strict: Int = 0) -> EvaluationResult {
        EvaluationResult(
            problemSet: "set",
            samples: completions.enumerated().map { index, text in
                EvaluatedSample(
                    problem: "\(index)", sample: 0, prompt: "", completion: text,
                    grade: Grade(
                        strict: index < strict, lenient: index < strict, extracted: "1",
                        isWellFormed: index < wellFormed),
                    tokenCount: 1, stop: .endOfText)
            }, samplesPerProblem: 1, seconds: 0)
    }

    @Test("names the flag for the format that the model writes")
    func otherFormat() {
        let boxes = result(["\\boxed{1}", "so \\boxed{2}", "3"], wellFormed: 0)
        #expect(
            boxes.formatWarning(of: .gsm8k)
                == "none of 3 completions had an answer in the requested format, so every reward is 0; 2 wrote \\boxed{}, "
                + "which --prompt-style boxed asks for")
        let marks = result(["#### 1", "#### 2", "\\boxed{3}"], wellFormed: 1, strict: 1)
        #expect(
            marks.formatWarning(of: .boxed)
                == "only 1 of 3 completions had an answer in the requested format; 2 wrote ####, which --prompt-style gsm8k "
                + "asks for")
    }

    @Test("names auto where the format is neither, and says nothing where it is kept")
    func noFormat() {
        #expect(result(["1", "2"], wellFormed: 0).formatWarning(of: .gsm8k)?.contains("--prompt-style auto") == true)
        #expect(result(["1", "2"], wellFormed: 1, strict: 1).formatWarning(of: .gsm8k) == nil)
        let wrong = result(["#### 1", "#### 2"], wellFormed: 2).formatWarning(of: .gsm8k)
        #expect(wrong?.contains("none was right") == true && wrong?.contains("--prompt-style") == false)
    }
}
