public import TinyEngine
import TinyProblems
public import TinyRecords

/// How many trial completions kept to the answer format of a prompt style.
public struct StyleTrial: Record, Hashable {
    /// Name of the style.
    public var style: String
    /// Trial completions, one for each of the first problems of the set.
    public var completions: Int
    /// Those with an answer in the format that the style asks for, right or wrong.
    public var wellFormed: Int

    /// Makes a record from its parts.
    public init(style: String, completions: Int, wellFormed: Int) {
        self.style = style
        self.completions = completions
        self.wellFormed = wellFormed
    }

    private enum CodingKeys: String, CodingKey {
        case style, completions
        case wellFormed = "well_formed"
    }

    /// The style with most answers in its format, the first of several; `nil` when no completion of any style has one.
    static func chosen(from trials: [StyleTrial]) -> String? {
        let most = trials.map(\.wellFormed).max() ?? 0
        return most == 0 ? nil : trials.first { $0.wellFormed == most }?.style
    }
}

extension EvaluatedProblems {
    /// The name of a style that is chosen by trial.
    public static let automaticStyle = "auto"

    /// Problems of a set that are tried with each style.
    private static let trialProblems = 8

    /// Where ``promptStyle`` is ``automaticStyle``, chooses the style of each set: the model completes the first eight problems
    /// with the set's own style, `gsm8k` and `boxed`, and the style whose answer format it keeps to most often is taken, in case
    /// of a tie the first of them. Whether answers are right is not looked at. Other problems are returned as they are.
    ///
    /// - Parameters:
    ///   - model: The base model.
    ///   - sampler: Samples the completions.
    ///   - adapter: The adapter's numbers as stored; `nil` for the base model.
    ///   - sampling: How tokens are chosen; as in the evaluation, of which these completions are the first.
    ///   - seed: Random seed of the evaluation.
    ///   - progress: Called with the style that is tried.
    /// - Throws: As ``EvaluationRun`` does.
    public func choosingStyles(
        for model: LoadedModel, _ sampler: any Sampler, adapter: [Float]?, sampling: SamplingParameters,
        seed: UInt64 = 1,
        progress: @escaping @Sendable (_ style: String, EvaluationProgress) -> Void = { _, _ in }
    ) async throws -> EvaluatedProblems {
        guard promptStyle == Self.automaticStyle else { return self }
        var chosen = self
        for (benchmark, set) in try sets(isAbacus: model.isAbacus) {
            let own = ownStyle(of: benchmark, isAbacus: model.isAbacus)
            for name in [own] + ["gsm8k", "boxed"].filter({ $0 != own }) {
                let style = try style(named: name, of: benchmark), set = set.prefix(Self.trialProblems)
                guard style.answerFormat != .any else { continue }
                let result = try await Evaluator(
                    sampler: sampler, prompter: try model.prompter(style: style, variables: templateVariables),
                    reward: benchmark.reward(
                        for: set.problems, answerFormat: style.answerFormat, grader: .automatic),
                    sampling: sampling, seed: seed
                ).evaluate(set, adapter: adapter) { progress(name, $0) }
                chosen.styleTrials[benchmark.name, default: []].append(
                    StyleTrial(
                        style: name, completions: result.parsing.completions, wellFormed: result.parsing.wellFormed))
            }
        }
        return chosen
    }
}
