import TinyFoundation
public import TinyProblems

extension EvaluationResult {
    /// A warning when most completions have no answer in the format that the prompt style asks for, which strict accuracy counts,
    /// with the flag to use; `nil` when most have one, or when the style asks for none. Of a grader that gives scores, whether all
    /// are 0.
    ///
    /// - Parameter style: The style of the prompts.
    public func formatWarning(of style: PromptStyle) -> String? {
        if score != nil {
            let isExplained = samples.contains { $0.grade.score ?? 0 != 0 } || parsing.failed == parsing.completions
            return isExplained ? nil : "the grader gave each of \(parsing.completions) completions a score of 0"
        }
        let reason = parsing.reasonForNoReward(.strict)
        guard style.answerFormat != .any, parsing.wellFormed * 2 < parsing.completions else { return reason }
        let found =
            reason
            ?? "only \(parsing.wellFormed) of \(parsing.completions) completions had an answer in the requested format"
        let other = style.answerFormat == .boxed ? ("gsm8k", "####") : ("boxed", "\\boxed{")
        let count = samples.count { $0.completion.contains(other.1) }
        guard count * 2 > samples.count else {
            return "\(found); --prompt-style auto chooses a style by trial completions"
        }
        return
            "\(found); \(count) wrote \(other.1 == "####" ? other.1 : "\\boxed{}"), which --prompt-style \(other.0) asks for"
    }
}
