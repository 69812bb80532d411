import Foundation
internal import TinyFoundation
import TinyRecords

/// The files of a sweep.
///
///     sweep.json         plan, states, choices
///     NAME/              a run, as `tinylora train` makes it
///     settings/NAME.json the settings the run started with
///     logs/NAME.log      messages of the run
///     untrained/         answers of the untrained model, shared by all runs
///     slurm/0001.json    runs that were submitted together, with the script of their jobs
public struct SweepFolder: Sendable {
    /// The directory.
    public let path: String

    /// Names a sweep's directory.
    public init(path: String) { self.path = path }

    func run(_ name: String) -> String { "\(path)/\(name)" }
    func settings(_ name: String) -> String { "\(path)/settings/\(name).json" }
    func log(_ name: String) -> String { "\(path)/logs/\(name).log" }
    func result(_ name: String) -> String { "\(path)/logs/\(name).json" }
    var untrained: String { path + "/untrained" }
    private var record: String { path + "/sweep.json" }

    func make() throws {
        for folder in [path, path + "/settings", path + "/logs"] { try AtomicFile.makeDirectory(folder) }
    }

    /// The settings of every run that was started here, each with the arithmetic that the run has recorded: float32 where it
    /// was started before there were two.
    func begun() throws -> [String: TrainingConfiguration] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path + "/settings")) ?? []
        var begun: [String: TrainingConfiguration] = [:]
        for file in names.sorted() where file.hasSuffix(".json") {
            let name = String(file.dropLast(5))
            var configuration = try TrainingConfiguration(contentsOf: settings(name))
            if configuration.arithmetic == nil,
                let recorded = try? TrainingConfiguration(contentsOf: run(name) + "/configuration.json")
            {
                configuration.arithmetic = recorded.arithmetic ?? .float32
            }
            begun[name] = configuration
        }
        return begun
    }

    /// Writes the settings that a run is about to start with.
    func write(_ configuration: TrainingConfiguration, of name: String) throws {
        try configuration.write(to: settings(name))
    }

    /// The steps of a run as its own settings have them, where epochs are resolved; `nil` before the run has written these.
    func ownSteps(of name: String) -> Int? {
        let configuration = try? TrainingConfiguration(contentsOf: run(name) + "/configuration.json")
        return configuration.flatMap { $0.epochs == nil ? $0.steps : nil }
    }

    func steps(of name: String) -> Journal<StepRecord> { Journal(path: run(name) + "/steps.jsonl") }

    /// The step after which a run that ends now can be resumed; 0 when it begins again. It is the last step where each line holds
    /// its state, and that of the newest state file where states are too large for that.
    package func resumableStep(of name: String) -> Int {
        var offset = 0
        let (count, last) = steps(of: name).newLines(after: &offset)
        guard last?.state == nil else { return count }
        let files = (try? FileManager.default.contentsOfDirectory(atPath: run(name))) ?? []
        return files.compactMap(StateFile.step(ofName:)).filter { $0 <= count }.max() ?? 0
    }

    /// The accuracies of a finished run; `nil` when it is not finished.
    func score(_ name: String) -> SweepScore? {
        let summary = try? TrainingSummary(contentsOf: run(name) + "/result.json")
        return summary.map {
            SweepScore(test: $0.accuracyAfter, validation: $0.validationAfter, meanScore: $0.validationScoreAfter)
        }
    }

    func write(_ sweep: SweepRecord) throws { try sweep.write(to: record) }

    /// The record of an earlier call.
    func previous() throws -> SweepRecord? {
        FileManager.default.fileExists(atPath: record) ? try SweepRecord(contentsOf: record) : nil
    }

    /// Why a run failed: what it wrote itself, else its last error line, else how it ended.
    func failure(_ name: String, _ ending: RunEnding) throws -> FailureRecord {
        var failure = FailureRecord(error: "", step: steps(of: name).count, exit: "")
        switch ending {
        case .exited(let status):
            if let told = try? FailureRecord(contentsOf: failureFile(name)) { return told }
            failure.error = lastError(of: name) ?? "the run ended with status \(status)"
            failure.exit = "\(status)"
        case .killed(let signal):
            failure.exit = signalName(signal)
            failure.error = "the run was ended by \(failure.exit)"
            if signal == SIGKILL { failure.hint = "the system may have had no memory left" }
        case .failed(let reason, let hint):
            (failure.error, failure.hint, failure.exit) = (reason, hint, "unknown")
        case .interrupted(let reason):
            (failure.error, failure.exit) = (reason, "unknown")
        }
        try AtomicFile.makeDirectory(run(name))
        try failure.write(to: failureFile(name))
        return failure
    }

    /// The last error that a run told people.
    func lastError(of name: String) -> String? {
        let log = (try? String(contentsOfFile: log(name), encoding: .utf8)) ?? ""
        return log.split(separator: "\n").last { $0.hasPrefix("Error: ") }.map { String($0.dropFirst(7)) }
    }

    /// The last line that a run told people, without the spaces around it; only the end of the file is read.
    package func lastMessage(of name: String) -> String? {
        guard let handle = FileHandle(forReadingAtPath: log(name)) else { return nil }
        defer { try? handle.close() }
        guard let size = try? handle.seekToEnd(), (try? handle.seek(toOffset: size - min(size, 1024))) != nil,
            let end = try? handle.readToEnd()
        else { return nil }
        let line = String(decoding: end, as: UTF8.self).split(separator: "\n").last
        return line.map { $0.trimmingCharacters(in: .whitespaces) }
    }

    private func failureFile(_ name: String) -> String { run(name) + "/failure.json" }

    /// Whether a run has written why it ended early.
    func hasFailure(_ name: String) -> Bool { FileManager.default.fileExists(atPath: failureFile(name)) }

    /// Removes an earlier call's reason, so that one that is there later is this call's.
    func forgetFailure(_ name: String) throws {
        if hasFailure(name) { try FileManager.default.removeItem(atPath: failureFile(name)) }
    }
}

/// `SIGKILL` for 9.
func signalName(_ number: Int32) -> String {
    let names: [Int32: String] = [
        SIGHUP: "SIGHUP", SIGINT: "SIGINT", SIGQUIT: "SIGQUIT", SIGILL: "SIGILL", SIGTRAP: "SIGTRAP",
        SIGABRT: "SIGABRT", SIGBUS: "SIGBUS", SIGFPE: "SIGFPE", SIGKILL: "SIGKILL", SIGSEGV: "SIGSEGV",
        SIGPIPE: "SIGPIPE", SIGALRM: "SIGALRM", SIGTERM: "SIGTERM", SIGXCPU: "SIGXCPU", SIGXFSZ: "SIGXFSZ",
    ]
    return names[number] ?? "signal \(number)"
}
