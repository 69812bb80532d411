import Foundation
internal import TinyFoundation
import TinyRecords

/// The files of a sweep.
///
///     sweep.json         plan, states, choices
///     NAME/              a run, as `tinylora train` makes it
///     settings/NAME.json what the run was begun with
///     logs/NAME.log      what the run said
///     untrained/         what the untrained model answered, shared by all runs
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

    /// The settings of every run that was begun here.
    func begun() throws -> [String: TrainingConfiguration] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path + "/settings")) ?? []
        var begun: [String: TrainingConfiguration] = [:]
        for file in names.sorted() where file.hasSuffix(".json") {
            let path = "\(path)/settings/\(file)"
            do {
                begun[String(file.dropLast(5))] = try TrainingConfiguration(
                    json: String(contentsOfFile: path, encoding: .utf8))
            } catch {
                throw RunError(.malformed, "\(path): \(error)")
            }
        }
        return begun
    }

    /// Says what a run is about to begin with.
    func write(_ configuration: TrainingConfiguration, of name: String) throws {
        try AtomicFile.write(Data(try configuration.jsonDocument().utf8), to: settings(name))
    }

    /// The result of a finished run; `nil` when it is not finished.
    func score(_ name: String) -> SweepScore? {
        guard let data = try? Data(contentsOf: URL(filePath: run(name) + "/result.json")),
            let summary = try? JSONDecoder().decode(TrainingSummary.self, from: data)
        else { return nil }
        return SweepScore(test: summary.accuracyAfter, validation: summary.validationAfter)
    }

    func write(_ sweep: SweepRecord) throws { try AtomicFile.write(Data(try sweep.jsonDocument().utf8), to: record) }

    /// The record of an earlier call.
    func previous() throws -> SweepRecord? {
        guard FileManager.default.fileExists(atPath: record) else { return nil }
        do {
            return try SweepRecord(json: String(contentsOfFile: record, encoding: .utf8))
        } catch {
            throw RunError(.malformed, "\(record): \(error)")
        }
    }

    /// Why a run failed: what it wrote itself, else its last error line, else how it ended.
    func failure(_ name: String, status: Int32, signal: Bool) throws -> FailureRecord {
        let path = run(name) + "/failure.json"
        let exit = signal ? signalName(status) : "\(status)"
        if !signal, let text = try? String(contentsOfFile: path, encoding: .utf8),
            let told = try? FailureRecord(json: text)
        {
            return told
        }
        let log = (try? String(contentsOfFile: log(name), encoding: .utf8)) ?? ""
        let line = log.split(separator: "\n").last { $0.hasPrefix("Error: ") }.map { String($0.dropFirst(7)) }
        let steps = (try? Data(contentsOf: URL(filePath: run(name) + "/steps.jsonl")))?.count { $0 == 10 } ?? 0
        let failure = FailureRecord(
            error: signal ? "the run was ended by \(exit)" : line ?? "the run ended with status \(status)",
            hint: signal && status == SIGKILL ? "the system may have had no memory left" : nil, step: steps, exit: exit)
        try AtomicFile.makeDirectory(run(name))
        try AtomicFile.write(Data(try failure.jsonDocument().utf8), to: path)
        return failure
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
