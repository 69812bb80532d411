import Foundation
import TinyCheckpoint
public import TinyRecords
public import TinyFoundation
public import TinyLearning

/// The directory of a run: what it was asked, what it ran on, and one line per step, sample and evaluation.
///
///     configuration.json   the resolved settings
///     manifest.json        model, data, schemes, machine
///     steps.jsonl          metrics and state, one line a step: a step counts from the moment its line is complete
///     state-000040.safetensors   the state after that step, where it is too large for its line; the newest only
///     samples.jsonl        a few completions of each step
///     evaluations.jsonl    accuracy before, during and after
///     evaluation-samples.jsonl  answers before and after, for people to read
///     result.json          the result, once the run has finished (written by the command, last)
///     failure.json         why the run ended early; not there otherwise
///     .lock                locked by the process that writes
///
/// Lines are appended and flushed to the disk in the order samples, step, state, evaluation. A process that dies at any
/// instant leaves at most one torn line per file. Resuming goes back to the last step with a state and discards what comes
/// after; the files then go on exactly as if nothing had happened. One process at a time may write into a directory, as long
/// as the value lives.
public struct RunDirectory: Sendable {
    /// Where it is.
    public let path: String
    private let lock: DirectoryLock

    /// Makes the directory if need be and checks that it can be written and holds no other run. Reads no records yet.
    ///
    /// - Parameters:
    ///   - path: Where the run is or will be.
    ///   - resuming: Whether a run that is already there may be gone on with. Without one, a fresh run begins.
    /// - Throws: ``TrainingError`` with code `unwritable`, `directoryInUse`, `runExists` or `damagedRun`.
    public init(preparing path: String, resuming: Bool) throws(TrainingError) {
        self.path = path
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw TrainingError(.unwritable, "\(path) cannot be written: \(systemReason(error))", underlying: error)
        }
        do throws(FileError) {
            lock = try DirectoryLock(path)
        } catch {
            throw TrainingError(error.code == .directoryInUse ? .directoryInUse : .unwritable, error)
        }
        do {
            let probe = URL(fileURLWithPath: path).appendingPathComponent(".writable")
            try Data().write(to: probe)
            try FileManager.default.removeItem(at: probe)
        } catch {
            throw TrainingError(.unwritable, "\(path) cannot be written: \(systemReason(error))", underlying: error)
        }
        if holdsRun {
            guard resuming else {
                throw TrainingError(
                    .runExists, "\(path) already holds a run",
                    hint: "resume it, or choose another directory for a new one")
            }
        } else if let stray = try (RunFile.allCases.map(\.rawValue).filter(exists) + stateNames()).first {
            throw TrainingError(
                .damagedRun, "\(path) holds \(stray) but no configuration.json",
                hint: "choose another directory")
        }
    }

    /// Whether a run has been begun here.
    public var holdsRun: Bool { exists("configuration.json") }

    /// Starts a run, or finds where to resume the existing one.
    ///
    /// - Throws: ``TrainingError`` with code `differentRun` naming the first setting, file or scheme that differs,
    ///   `damagedRun` naming the file and line, or `unwritable`.
    public func begin(
        configuration: TrainingConfiguration, manifest: RunManifest
    ) throws(TrainingError) -> RunProgress {
        guard holdsRun else {
            try write(
                recorded("manifest.json") { () throws(RecordsError) in try manifest.jsonDocument() },
                to: "manifest.json")
            // The configuration comes last: from here on the directory holds a run.
            try write(
                recorded("configuration.json") { () throws(RecordsError) in try configuration.jsonDocument() },
                to: "configuration.json")
            for file in RunFile.allCases { try truncate(file, toByteCount: 0) }
            return RunProgress()
        }
        try check(configuration: configuration, manifest: manifest)
        return try progress(samplesPerStep: configuration.recordedSamples)
    }

    private func check(configuration: TrainingConfiguration, manifest: RunManifest) throws(TrainingError) {
        let oldConfiguration: TrainingConfiguration = try record("configuration.json")
        if let difference = configuration.firstDifference(from: oldConfiguration) {
            throw TrainingError(
                .differentRun,
                "the run in \(path) was made with \(difference.key) \(difference.theirs), now it is \(difference.mine)",
                hint: "resume with the same settings, or choose another directory")
        }
        let oldManifest: RunManifest = try record("manifest.json")
        if let difference = manifest.firstDifference(from: oldManifest) {
            throw TrainingError(
                .differentRun,
                "the run in \(path) was made with \(difference.key) \(difference.theirs), now it is \(difference.mine)",
                hint: "resume with the same model and data, or choose another directory")
        }
    }

    /// Reads what is complete, and cuts off what is torn or belongs to a step that has no line.
    private func progress(samplesPerStep: Int) throws(TrainingError) -> RunProgress {
        var steps: [(record: StepRecord, end: Int)] = try lines(of: .steps)
        for (index, step) in steps.enumerated() where step.record.step != index + 1 {
            throw TrainingError(
                .damagedRun,
                "\(location(RunFile.steps.rawValue)):\(index + 1): the line is step \(step.record.step), expected \(index + 1)"
            )
        }
        let samples: [(record: SampleRecord, end: Int)] = try lines(of: .samples)
        if samplesPerStep > 0 {  // a step whose samples did not reach the disk is made again
            steps = Array(steps.prefix(samples.count / samplesPerStep))
        }
        let resumed = try resumable(among: steps.map(\.record))
        steps = Array(steps.prefix(resumed?.step ?? 0))
        let evaluations: [(record: EvaluationRecord, end: Int)] = try lines(of: .evaluations)
        let kept = evaluations.prefix { ($0.record.step ?? 0) <= steps.count }

        try truncate(.steps, toByteCount: steps.last?.end ?? 0)
        let keptSamples = steps.count * samplesPerStep
        try truncate(.samples, toByteCount: keptSamples == 0 ? 0 : samples[keptSamples - 1].end)
        try truncate(.evaluations, toByteCount: kept.last?.end ?? 0)
        removeStates(but: steps.last?.record.state == nil ? resumed.map { StateFile.name(step: $0.step) } : nil)
        return RunProgress(steps: steps.map(\.record), state: resumed?.state, evaluations: kept.map(\.record))
    }
}

/// The files of a run that grow line by line.
enum RunFile: String, CaseIterable {
    case steps = "steps.jsonl"
    case samples = "samples.jsonl"
    case evaluations = "evaluations.jsonl"
}
