import Foundation
import TinyEngine
import TinyProblems
import TinyRecords
import TinyFoundation

/// What a training run recorded of its evaluation on test problems after the last step, and how it asked them.
struct EvaluatedRun: Sendable {
    /// The run's directory.
    let path: String
    /// The evaluation after the last step.
    let evaluation: EvaluationRecord
    private let configuration: TrainingConfiguration
    private let manifest: RunManifest
    /// Whether each problem was answered rightly.
    private let outcomes: [Bool]
    /// Answers to the first problems, in order.
    private let samples: [EvaluationSampleRecord]

    /// Whether a directory holds a training run.
    static func isRun(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: path + "/configuration.json")
    }

    /// Reads a run's directory.
    ///
    /// - Throws: ``RunError`` with code `notPaired` when the evaluation is missing or does not say which problems were right,
    ///   `damagedRecords` naming the file and line.
    init(reading path: String) throws(RunError) {
        self.path = path
        configuration = try converted { () throws(RecordsError) in
            try TrainingConfiguration(contentsOf: path + "/configuration.json")
        }
        manifest = try converted { () throws(RecordsError) in try RunManifest(contentsOf: path + "/manifest.json") }
        let evaluations = try converted { () throws(RecordsError) in
            try Journal<EvaluationRecord>(path: path + "/evaluations.jsonl").read()
        }
        let last = configuration.steps
        guard let evaluation = evaluations.last(where: { $0.split == .test && $0.step == last }) else {
            throw RunError(
                .notPaired, "\(path) has no evaluation on test problems after its last step, \(last)",
                hint: "train --resume finishes an interrupted run; one without test problems has none")
        }
        guard let outcomes = evaluation.outcomes, outcomes.utf8.count == evaluation.problems,
            evaluation.problems > 0, evaluation.samplesPerProblem == 1
        else {
            throw RunError(.notPaired, "\(path) does not say which problems were right after step \(last)")
        }
        self.evaluation = evaluation
        self.outcomes = outcomes.utf8.map { $0 == UInt8(ascii: "1") }
        // A damaged file costs a reader some examples, as where it is written.
        let samples = try? Journal<EvaluationSampleRecord>(path: path + "/evaluation-samples.jsonl").read()
        self.samples = (samples ?? []).filter { $0.step == last }
    }

    /// What is known of the answers.
    var totals: AnswerTotals {
        AnswerTotals(
            evaluation, right: outcomes.map { $0 ? 1 : 0 }, arithmetic: arithmetic,
            answers: samples.prefix(outcomes.count).map {
                AnswerTotals.Answer(problem: $0.problem, answer: $0.answer, extracted: $0.extracted)
            })
    }

    /// How the problems were asked, as far as the run's records say, to be compared with another run's: prompts by the name of their
    /// style only.
    var settings: EvaluationManifest {
        // Versions that did not record the style knew no other for a model of one's own.
        let style =
            configuration.promptStyle ?? manifest.promptStyle
            ?? PromptStyle.natural(isAbacus: configuration.model == nil, grader: .automatic).name
        return settings(
            entry: EvaluationManifest.ProblemSetEntry(
                name: evaluation.problemSet, problems: evaluation.problems,
                content: manifest.datasets["eval"]?.content ?? "none", promptStyle: style,
                stopTexts: configuration.rollout.stopTexts, prompts: "", grader: configuration.grader),
            template: nil, stopTokens: [])
    }

    /// How the problems were asked, as an evaluation would record it: the prompts are made again, from the run's model and problem file.
    ///
    /// - Throws: ``RunError`` with code `notPaired` when these are not there, or are not what the run used.
    func completeSettings() throws(RunError) -> EvaluationManifest {
        do {
            let set = try RunProblems.test(of: configuration)
            guard set.problems.count == evaluation.problems,
                TrainingRun.fingerprint(set).content == manifest.datasets["eval"]?.content
            else {
                throw RunError(
                    .notPaired, "\(set.path ?? set.name) no longer has the test problems of \(path)",
                    hint: "restore the file that the run was evaluated on")
            }
            let model = try UnloadedModel(directory: configuration.model)
            let prompter = try model.prompter(of: configuration)
            let grader = try EvaluationRun.graderName(
                GraderChoice(configuration.grader), for: set, format: prompter.style.answerFormat)
            return try settings(
                entry: EvaluationRun.entry(of: set, prompter, grader: grader), template: model.templateHash(),
                stopTokens: model.stopTokens)
        } catch let error as RunError {
            throw error
        } catch {
            let reason = (error as? any ExplainedError)?.message ?? "\(error)"
            throw RunError(
                .notPaired,
                "the prompts of \(path) cannot be made again, to compare them with an evaluation's: \(reason)",
                hint: (error as? any ExplainedError)?.hint, underlying: error)
        }
    }

    private var arithmetic: Arithmetic {
        configuration.arithmetic ?? manifest.schemes["arithmetic"].flatMap(Arithmetic.init) ?? .float32
    }

    private func settings(
        entry: EvaluationManifest.ProblemSetEntry, template: String?, stopTokens: [Int]
    ) -> EvaluationManifest {
        EvaluationManifest(
            version: manifest.version, model: manifest.model, arithmetic: arithmetic, adapter: nil, template: template,
            templateVariables: configuration.templateVariables, sets: [entry],
            sampling: SamplingParameters(
                temperature: 0, maxTokens: configuration.rollout.maxTokens, stopTokens: stopTokens),
            samplesPerProblem: 1, seed: manifest.seed, sampler: manifest.schemes[RunManifest.samplerScheme])
    }
}
