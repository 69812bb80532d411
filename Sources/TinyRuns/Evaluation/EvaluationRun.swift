internal import Foundation
public import TinyAdapter
public import TinyEngine
internal import TinyFoundation
public import TinyRecords
public import TinyProblems
internal import TinyRemote
import TinyTemplates

/// An evaluation of a model on problem sets, prepared: what is asked, how, and who grades.
///
/// ```swift
/// let model = try LoadedModel(directory: nil)
/// let source = try AdapterSource("runs/demo"), adapter = try model.adapter(source)
/// let engine = try model.engine(adapter: adapter, threads: 2)
/// let run = try EvaluationRun(
///     of: EvaluatedProblems(), by: model, engine, adapter: (source, adapter),
///     sampling: SamplingParameters(temperature: 0, maxTokens: 128, stopTokens: model.stopTokens))
/// let result = try await run.evaluate(run.parts[0])
/// ```
public struct EvaluationRun: Sendable {
    /// One problem set of it.
    public struct Part: Sendable {
        /// The problems.
        public let set: ProblemSet
        /// How a question becomes a prompt.
        public let prompter: Prompter
        /// The grader's name and options.
        public let grader: String
        /// What a reader should know about the set, as sentences.
        public let notes: [String]
        /// How the styles did that the prompt style was chosen from; empty where it was not.
        public let styleTrials: [StyleTrial]
        let reward: any Reward
    }

    /// The problem sets, in order.
    public let parts: [Part]
    /// Everything that decides the results.
    public let manifest: EvaluationManifest
    /// Most tokens of a completion: the token limit, or the context where that is shorter.
    public var mostTokens: Int { min(manifest.sampling.maxTokens, sampler.contextLength) }
    private let sampler: any Sampler
    private let adapter: AdapterFile?
    private let folder: EvaluationFolder?

    /// Checks every set and prompt, and the directory, before anything is sampled.
    ///
    /// - Parameters:
    ///   - problems: What is asked.
    ///   - model: The base model, in the arithmetic that is recorded.
    ///   - sampler: Samples the completions: an engine of this process, or servers, whose software is recorded.
    ///   - adapter: The adapter and where it is from; `nil` for the base model.
    ///   - sampling: How tokens are chosen.
    ///   - samplesPerProblem: At least 1.
    ///   - seed: Random seed of the samples.
    ///   - path: Directory that keeps every sample; `nil` keeps none.
    ///   - isResuming: Whether an evaluation that is already in the directory is resumed.
    /// - Throws: ``RunError`` and the errors of problem files, graders and templates.
    public init(
        of problems: EvaluatedProblems, by model: LoadedModel, _ sampler: any Sampler,
        adapter: (source: AdapterSource, file: AdapterFile)? = nil, sampling: SamplingParameters,
        samplesPerProblem: Int = 1, seed: UInt64 = 1, in path: String? = nil, isResuming: Bool = false
    ) throws {
        let asked = try problems.grader.map { text throws(ProblemError) in try GraderChoice(text) }
        parts = try problems.sets(isAbacus: model.isAbacus).map { benchmark, set in
            try (asked ?? benchmark.grader).checkProgram()
            let prompter = try model.prompter(
                style: try problems.style(of: benchmark, isAbacus: model.isAbacus),
                variables: problems.templateVariables)
            let format = prompter.style.answerFormat, grader = asked ?? benchmark.grader
            return Part(
                set: set, prompter: prompter,
                grader: try Self.graderName(grader, for: set, format: format, options: benchmark.options),
                notes: Self.notes(on: set, problems.limit == nil ? benchmark.note(on: set) : nil, prompter.style),
                styleTrials: problems.styleTrials[benchmark.name] ?? [],
                reward: benchmark.reward(
                    for: set.problems, answerFormat: format, grader: grader, limit: problems.graderTimeout))
        }
        manifest = EvaluationManifest(
            version: TinyLoRAVersion.current, model: Fingerprint(name: model.name, content: model.fingerprint),
            arithmetic: model.arithmetic,
            adapter: try adapter?.source.fingerprint(),
            template: try model.templateHash(), templateVariables: problems.templateVariables,
            sets: try parts.map { try Self.entry(of: $0.set, $0.prompter, trials: $0.styleTrials, grader: $0.grader) },
            sampling: sampling, samplesPerProblem: samplesPerProblem, seed: seed,
            sampler: (sampler as? RemoteSampler)?.software)
        self.sampler = sampler
        self.adapter = adapter?.file
        let manifest = manifest
        for part in parts {
            try Self.evaluator(of: part, manifest, sampler, keepsSamples: path != nil).check(part.set)
        }
        folder = try path.map { path throws(RunError) in
            try EvaluationFolder(preparing: path, manifest: manifest, resuming: isResuming)
        }
    }

    /// Evaluates a part, or what is left of it.
    ///
    /// - Parameter progress: Called while completions are sampled, with the samples that an earlier call made.
    public func evaluate(
        _ part: Part,
        progress: @escaping @Sendable (EvaluationProgress, _ earlier: [EvaluatedSample]) -> Void = { _, _ in }
    ) async throws -> EvaluationResult {
        let earlier = try folder?.resumedSamples(of: part.set.name) ?? []
        return try await Self.evaluator(of: part, manifest, sampler, keepsSamples: folder != nil)
            .evaluate(part.set, adapter: adapter?.values, after: earlier) {
                progress($0, earlier)
            } record: { samples in
                try folder?.append(samples, of: part.set.name)
            }
    }

    /// Writes the summary of all results to the directory, if there is one.
    ///
    /// - Returns: The summary, and the directory.
    public func finish(_ results: [EvaluationResult]) throws -> (report: EvaluationReport, directory: String?) {
        let report = EvaluationReport(settings: manifest, results: results.map(\.summary))
        try folder?.write(summary: report)
        return (report, folder?.path)
    }

    private static func evaluator(
        of part: Part, _ manifest: EvaluationManifest, _ sampler: any Sampler, keepsSamples: Bool
    ) -> Evaluator {
        // Where samples are kept parts are small, so that an interruption costs little; a part still fills the machine.
        Evaluator(
            sampler: sampler, prompter: part.prompter, reward: part.reward, sampling: manifest.sampling,
            samplesPerProblem: manifest.samplesPerProblem, seed: manifest.seed,
            completionsPerCall: keepsSamples ? 64 : 512)
    }

    private static func notes(on set: ProblemSet, _ note: String?, _ style: PromptStyle) -> [String] {
        let shown = Set(style.examples.map(\.question.spaced))
        let count = set.problems.count { shown.contains($0.question.spaced) }
        return [
            note,
            count == 0
                ? nil : "\(count) of \(set.problems.count) problems of \(set.name) are worked examples of the prompt",
        ]
        .compactMap(\.self)
    }

    /// What the settings say of a set.
    static func entry(
        of set: ProblemSet, _ prompter: Prompter, trials: [StyleTrial] = [], grader: String
    ) throws -> EvaluationManifest.ProblemSetEntry {
        var prompts = SHA256()
        for problem in set.problems {
            prompts.update(Array("\(try prompter.prompt(for: problem).text)\u{0}".utf8))
        }
        return EvaluationManifest.ProblemSetEntry(
            name: set.name, problems: set.problems.count, content: set.contentHash,
            promptStyle: prompter.style.name,
            styleTrials: trials.isEmpty ? nil : trials,
            stopTexts: prompter.stopTexts.isEmpty ? nil : prompter.stopTexts,
            prompts: prompts.finish().hexadecimal, grader: grader)
    }

    /// The grader with what it goes by, such as `math {"answer_format":"boxed","relative_tolerance":0.01}`.
    static func graderName(
        _ grader: GraderChoice, for set: ProblemSet, format: GradingOptions.AnswerFormat,
        options: GradingOptions = GradingOptions()
    ) throws -> String {
        let name = grader.resolvedName(for: set.problems, answerFormat: format)
        guard name == GradingMethod.math.rawValue else { return name }
        var options = options
        if options.answerFormat == .any { options.answerFormat = format }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return "\(name) \(String(decoding: try encoder.encode(options), as: UTF8.self))"
    }
}

extension ModelText {
    /// Hash of the chat template; `nil` for a model of plain text.
    func templateHash() throws -> String? {
        try chatTemplate().map { SHA256.hash(Array($0.text.utf8)).hexadecimal }
    }
}

/// The numbers of an evaluation, as `summary.json` has them.
public struct EvaluationReport: Record {
    /// Everything that decides the results.
    public let settings: EvaluationManifest
    /// One summary for each problem set.
    public let results: [EvaluationSummary]
}
