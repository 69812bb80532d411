import Foundation
import TinyRemote
import TinyCheckpoint
public import TinyFoundation
public import TinyLearning
public import TinyRecords

/// The directory of a run: its settings, what it ran on, and one line per step, sample and evaluation.
///
///     configuration.json   the resolved settings
///     manifest.json        model, data, schemes, machine
///     steps.jsonl          metrics and state, one line a step: a step counts from the moment its line is complete
///     state-000040.safetensors   the state after that step, where it is too large for its line; the newest only
///     samples.jsonl        a few completions of each step
///     evaluations.jsonl    accuracy before, during and after
///     evaluation-samples.jsonl  answers before and after, for people to read
///     evaluating-….jsonl   answers of the evaluation that is under way
///     agreements.jsonl     how far other processes' log-probabilities were from this one's, where those sampled or learnt
///     served/              adapters as those servers are given them
///     result.json          the result of a finished run, written last
///     failure.json         why the run ended early; not there otherwise
///     .lock                locked by the process that writes
///
/// Lines are appended and flushed to the disk in the order samples, step, state, evaluation. A process that dies at any
/// instant leaves at most one torn line per file. Resuming returns to the last step with a state and discards what comes
/// after; the files then continue as if nothing had happened. A last step that lacks samples is made again; samples that earlier
/// steps lack stay missing, because none of them costs a finished step. One process at a time may write into a directory, as long as the
/// value lives.
public struct RunDirectory: Sendable {
    /// Where it is.
    public let path: String
    private let lock: DirectoryLock

    /// Where the lock keeps no one out, as a sentence; `nil` when it holds.
    var lockWeakness: String? { lock.weakness }

    var steps: Journal<StepRecord> { Journal(path: location("steps.jsonl")) }
    private var samples: Journal<SampleRecord> { Journal(path: location("samples.jsonl")) }
    private var evaluations: Journal<EvaluationRecord> { Journal(path: location("evaluations.jsonl")) }

    /// Makes the directory if need be and checks that it can be written and holds no other run. Reads no records yet.
    ///
    /// - Parameters:
    ///   - path: Where the run is or will be.
    ///   - resuming: Whether a run that is already there may be resumed. Without one, a new run begins.
    /// - Throws: ``RunError`` with code `unwritable`, `directoryInUse`, `alreadyExists` or `damagedRecords`.
    public init(preparing path: String, resuming: Bool) throws(RunError) {
        self.path = path
        lock = try DirectoryLock(making: path)
        if holdsRun {
            guard resuming else {
                throw RunError(
                    .alreadyExists, "\(path) already holds a run",
                    hint: "resume it, or choose another directory for a new one")
            }
        } else if let stray = try (["steps.jsonl", "samples.jsonl", "evaluations.jsonl"].filter(exists) + stateNames())
            .first
        {
            throw RunError(
                .damagedRecords, "\(path) holds \(stray) but no configuration.json",
                hint: "choose another directory")
        }
    }

    /// Where adapters are written for servers that sample.
    var servedAdapters: String { location("served") }

    /// Adds a check of a server; what cannot be written is not worth a run.
    func append(_ agreement: Agreement) {
        try? Journal<Agreement>(path: location("agreements.jsonl")).append([agreement])
    }

    /// Whether a run has been started here.
    public var holdsRun: Bool { exists("configuration.json") }

    /// Whether the run has its result.
    public var isFinished: Bool { exists(Self.resultName) }

    /// Where the result of the run is or will be.
    var result: String { location(Self.resultName) }

    private static let resultName = "result.json"

    /// Steps whose lines are complete, however the run ended.
    public var finishedSteps: Int { steps.count }

    /// Starts a run, or finds where to resume the existing one. Its model and data may be in other places than before, if they
    /// are the same.
    ///
    /// - Throws: ``RunError`` with code `differentSettings` naming the first setting, file or scheme that differs,
    ///   `damagedRecords` naming the file and line, or `unwritable`.
    public func begin(configuration: TrainingConfiguration, manifest: RunManifest) throws(RunError) -> RunProgress {
        if holdsRun {
            let old = try converted { () throws(RecordsError) in
                try TrainingConfiguration(contentsOf: location("configuration.json"))
            }
            try check(configuration, over: old, manifest: manifest)
            if old != configuration {  // its files have moved
                try converted { () throws(RecordsError) in try configuration.write(to: location("configuration.json")) }
            }
            return try progress(samplesPerStep: configuration.recordedSamples)
        }
        try converted { () throws(RecordsError) in
            try manifest.write(to: location("manifest.json"))
            // The configuration comes last: from here on the directory holds a run.
            try configuration.write(to: location("configuration.json"))
            try steps.keep(0)
            try samples.keep(0)
            try evaluations.keep(0)
        }
        return try progress(samplesPerStep: configuration.recordedSamples)
    }

    /// Checks that a run of settings `old` is resumed with the same settings, model and data.
    private func check(
        _ configuration: TrainingConfiguration, over old: TrainingConfiguration, manifest: RunManifest
    ) throws(RunError) {
        let oldManifest = try converted { () throws(RecordsError) in
            try RunManifest(contentsOf: location("manifest.json"))
        }
        var manifest = manifest
        let sampler = RunManifest.samplerScheme
        manifest.schemes[sampler] = ServerSoftware.name(
            manifest.schemes[sampler], resuming: oldManifest.schemes[sampler])
        // The order of sums depends on nothing but the version: with another one no setting helps.
        let orders = [oldManifest, manifest].map { $0.schemes[RunManifest.gradientScheme] ?? "not named" }
        guard orders[0] == orders[1] else {
            throw RunError(
                .differentSettings,
                "the run in \(path) was begun by a version that sums gradients in another order (\(orders[0]) there, "
                    + "\(orders[1]) here), so this version cannot resume it",
                hint: "finish it with the version that began it, or begin a new run in another directory")
        }
        // Files may have moved if they are the same to the run.
        let isKnown = manifest.inputs != nil && manifest.inputs == oldManifest.inputs
        let setting = configuration.firstDifference(from: old, ignoringPlaces: isKnown)
        guard let difference = setting ?? manifest.firstDifference(from: oldManifest) else { return }
        throw RunError(
            .differentSettings,
            "the run in \(path) was made with \(difference.key) \(difference.theirs), now it is \(difference.mine)",
            hint: Self.hint(for: difference.key, isSetting: setting != nil))
    }

    /// What to do about a difference.
    private static func hint(for key: String, isSetting: Bool) -> String {
        let rest = ", or choose another directory"
        switch key {
        case _ where isSetting && TrainingConfiguration.fileKeys.contains(key):
            return "a run's files may be moved only if prompts, stop tokens and problems stay the same; a run of an "
                + "older version has no hash of them"
        case "max_steps" where isSetting:
            return "resume with the same number of steps; --initial-adapter, with this directory, trains its adapter "
                + "further in another"
        case _ where isSetting: return "resume with the same settings" + rest
        case "schemes." + RunManifest.samplerScheme: return "resume with the same kind of servers for --sampler" + rest
        case "schemes." + RunManifest.learnerScheme: return "resume with the same kind of process for --learner" + rest
        default: return "resume with the same model, data and initial adapter" + rest
        }
    }

    /// Reads what is complete, and cuts off what is torn or belongs to a step that has no line.
    ///
    /// - Parameter samplesPerStep: How many samples a step has; a population's may be more, the same number in each step.
    private func progress(samplesPerStep: Int) throws(RunError) -> RunProgress {
        var steps = try converted { () throws(RecordsError) in try self.steps.read() }
        var evaluations = try converted { () throws(RecordsError) in try self.evaluations.read() }
        let samples = try converted { () throws(RecordsError) in try self.samples.read().map(\.step) }
        for (index, step) in steps.enumerated() where step.step != index + 1 {
            throw RunError(
                .damagedRecords, "\(self.steps.path):\(index + 1): the line is step \(step.step), expected \(index + 1)"
            )
        }
        var resumed = try resumable(among: steps[...])
        steps = Array(steps.prefix(resumed?.step ?? 0))
        var incomplete = Self.incompleteSteps(steps.count, samples: samples, samplesPerStep: samplesPerStep)
        if incomplete == [steps.count] {  // the last step is made again where that costs no other step
            let before = try resumable(among: steps.dropLast())
            if before?.step ?? 0 == steps.count - 1 {
                resumed = before
                steps.removeLast()
                incomplete = []
            }
        }
        evaluations = Array(evaluations.prefix { ($0.step ?? 0) <= steps.count })
        let (keptSteps, keptEvaluations) = (steps.count, evaluations.count)
        let keptSamples = samples.prefix { $0 <= keptSteps }.count
        try converted { () throws(RecordsError) in
            try self.steps.keep(keptSteps)
            try self.samples.keep(keptSamples)
            try self.evaluations.keep(keptEvaluations)
        }
        removeStates(but: steps.last?.state == nil ? resumed.map { StateFile.name(step: $0.step) } : nil)
        var progress = RunProgress(steps: steps, state: resumed?.state, evaluations: evaluations)
        if let first = incomplete.first {
            progress.warnings = [
                "\(self.samples.path) lacks samples of \(incomplete.count) of the \(steps.count) finished steps, the first of "
                    + "them step \(first): the steps are kept, and their samples are not made again"
            ]
        }
        return progress
    }

    /// The steps among the first `count` that do not have all of their samples.
    ///
    /// Samples are written before the line of their step, so they are missing only where something else has changed the file. They
    /// are for people to read: no later step depends on them.
    private static func incompleteSteps(_ count: Int, samples: [Int], samplesPerStep: Int) -> [Int] {
        guard samplesPerStep > 0, count > 0 else { return [] }
        let counts = Dictionary(samples.map { ($0, 1) }, uniquingKeysWith: +)
        let whole = max(samplesPerStep, counts.values.max() ?? 0)
        return (1...count).filter { counts[$0] != whole }
    }

    private func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: location(name)) }

    func location(_ name: String) -> String { URL(fileURLWithPath: path).appendingPathComponent(name).path }
}

extension RunDirectory: TrainingRecorder {
    /// Most numbers of a state that is written into the line of its step: those of AdamW for 4096 trained numbers.
    private static let mostInlineNumbers = 3 * 4096

    /// Writes a step: its samples first, so that a step's line is never there without them; then its line; then its state, if
    /// it is too large for the line and one is due.
    public func append(_ step: StepRecord, samples: [SampleRecord], savesState: Bool) throws {
        var line = step
        if let state = step.state, state.numberCount > Self.mostInlineNumbers { line.state = nil }
        try converted { () throws(RecordsError) in
            try self.samples.append(samples)
            try steps.append([line])
        }
        if savesState, line.state == nil, let state = step.state { try replaceState(state, step: step.step) }
    }

    /// Writes an evaluation.
    public func append(_ evaluation: EvaluationRecord) throws {
        try converted { () throws(RecordsError) in try evaluations.append([evaluation]) }
    }

    /// How many completions of an evaluation are kept for people to read.
    public static let keptEvaluationSamples = 50

    /// Keeps an evaluation's completions in `evaluation-samples.jsonl`, in place of those of the same step.
    public func write(_ samples: [EvaluationSampleRecord], ofStep step: Int) throws(RunError) {
        let journal = Journal<EvaluationSampleRecord>(path: location("evaluation-samples.jsonl"))
        // A damaged file costs a reader some examples; a run does not depend on it.
        let others = ((try? journal.read()) ?? []).filter { $0.step != step }
        try converted { () throws(RecordsError) in try journal.replace(with: others + samples) }
    }

    /// Says in `failure.json` why the run ended early; whoever resumes it calls ``forgetFailure()``.
    public func record(_ failure: FailureRecord) throws(RunError) {
        try converted { () throws(RecordsError) in try failure.write(to: location("failure.json")) }
    }

    /// Removes what ``record(_:)`` wrote.
    public func forgetFailure() {
        // Nothing there is the usual case; what cannot be removed is overwritten or shows that the run failed before.
        try? FileManager.default.removeItem(atPath: location("failure.json"))
    }
}

extension RunDirectory {
    /// Replaces the run's state file by that of a later step; the older one goes when the new one is complete.
    private func replaceState(_ state: TrainingState, step: Int) throws(RunError) {
        let name = StateFile.name(step: step)
        do {
            try StateFile.write(state, step: step, to: location(name))
        } catch {
            throw RunError(
                error.code == .invalidTensors ? .notFinite : .unwritable, error.message, hint: keptHint,
                underlying: error)
        }
        removeStates(but: name)
    }

    /// The last step from which the run can be resumed, and its state.
    ///
    /// It is the last whose state stands in its line or in a complete file, so that at most the steps since the last saved
    /// state are made again; `nil` when there is none and the run begins again.
    private func resumable(among steps: ArraySlice<StepRecord>) throws(RunError) -> (step: Int, state: TrainingState)? {
        let inline = steps.last { $0.state != nil }
        let filed = try stateNames().compactMap(StateFile.step(ofName:)).filter { $0 <= steps.count }
        for step in filed.sorted(by: >) where step > inline?.step ?? 0 {
            // A file that cannot be read was damaged after it was written; an older state gives the same numbers.
            if let state = try? StateFile.read(location(StateFile.name(step: step)), step: step) {
                return (step, state)
            }
        }
        return inline.flatMap { record in record.state.map { (record.step, $0) } }
    }

    /// Removes state files, finished and unfinished, but for one.
    ///
    /// One that cannot be removed is only in the way of the disk's space: what it holds is a state of this run.
    private func removeStates(but kept: String?) {
        for name in (try? stateNames()) ?? [] where name != kept {
            try? FileManager.default.removeItem(atPath: location(name))
        }
    }

    /// Names of the state files, finished and unfinished.
    private func stateNames() throws(RunError) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: path).filter(StateFile.isState)
        } catch {
            throw RunError(.damagedRecords, "\(path) cannot be read: \(systemReason(error))", underlying: error)
        }
    }
}
