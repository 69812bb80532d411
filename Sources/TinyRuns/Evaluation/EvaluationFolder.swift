import Foundation
import TinyRecords
public import TinyFoundation

/// A directory with everything an evaluation made, so that it can be read, resumed and compared.
///
///     settings.json           what decides the samples: hashes of model, adapter, template and problems, arithmetic, sampling, seed
///     NAME.samples.jsonl      one line per completion of a problem set, written as soon as it is graded
///     summary.json            the numbers, once all sets are done
///
/// A line of samples depends on the settings alone. An evaluation that was interrupted at any instant and resumed has the same
/// bytes in its samples as one that was not.
public struct EvaluationFolder: Sendable {
    /// The directory.
    public let path: String
    /// What decides the samples.
    public let manifest: EvaluationManifest
    /// Held as long as the value lives; `nil` where it only reads.
    private let lock: DirectoryLock?

    /// Makes the directory, or resumes the evaluation in it.
    ///
    /// - Throws: ``RunError``: `directoryInUse` when another process writes into it, `alreadyExists` when there is an
    ///   evaluation and `resuming` is false, `differentSettings` naming the setting that differs, `duplicateKey` for two sets
    ///   whose samples would be in one file, `damagedRecords` or `unwritable`.
    public init(preparing path: String, manifest: EvaluationManifest, resuming: Bool) throws(RunError) {
        self.path = path
        self.manifest = manifest
        try Self.requireDistinctFiles(for: manifest)
        lock = try DirectoryLock(making: path)
        guard try !Self.check(path, manifest: manifest, resuming: resuming) else { return }
        try converted { () throws(RecordsError) in try manifest.write(to: Self.settings(in: path)) }
    }

    /// Refuses sets whose samples would be in one file, also on volumes that do not tell upper from lower case.
    static func requireDistinctFiles(for manifest: EvaluationManifest) throws(RunError) {
        var owners: [String: String] = [:]
        for name in manifest.sets.map(\.name) {
            if let owner = owners.updateValue(name, forKey: fileName(of: name).lowercased()) {
                throw RunError(
                    .duplicateKey,
                    "the problem sets \(owner) and \(name) would both have their samples in \(fileName(of: name))",
                    hint: "evaluate them in two directories, or rename one")
            }
        }
    }

    /// Whether a directory holds an evaluation; refuses one that may not be resumed, as ``init(preparing:manifest:resuming:)`` does.
    static func check(_ path: String, manifest: EvaluationManifest, resuming: Bool) throws(RunError) -> Bool {
        guard FileManager.default.fileExists(atPath: settings(in: path)) else { return false }
        guard resuming else {
            throw RunError(
                .alreadyExists, "\(path) holds an evaluation already",
                hint: "--resume continues it; choose another directory for a new one")
        }
        let old = try Self.manifest(in: path)
        var manifest = manifest
        manifest.sampler = ServerSoftware.name(manifest.sampler, resuming: old.sampler)
        if let difference = manifest.firstDifference(from: old) {
            throw RunError(
                .differentSettings,
                "\(path) was made with \(difference.key) \(difference.theirs), not \(difference.mine)",
                hint: "an evaluation is resumed with the settings it was started with")
        }
        return true
    }

    /// Opens a directory to read it.
    ///
    /// - Throws: ``RunError`` with code `damagedRecords` when it holds no evaluation.
    public init(reading path: String) throws(RunError) {
        self.path = path
        do throws(FileError) { try requireDirectory(path) } catch { throw RunError(.damagedRecords, error) }
        manifest = try Self.manifest(in: path)
        lock = nil
    }

    /// The complete problems of a set, each with all its samples; what was being written when an evaluation ended is left out.
    ///
    /// - Throws: ``RunError`` with code `damagedRecords` naming the file and line.
    public func samples(of set: String) throws(RunError) -> [EvaluatedSample] {
        let samples = try converted { () throws(RecordsError) in try journal(of: set).read() }
        return Array(samples.prefix(samples.count - samples.count % max(1, manifest.samplesPerProblem)))
    }

    /// All samples of a set, and how many each problem has.
    ///
    /// - Throws: Also ``RunError`` with code `notPaired` where some are missing.
    func allSamples(
        of set: EvaluationManifest.ProblemSetEntry
    ) throws(RunError) -> (samples: [EvaluatedSample], size: Int) {
        let size = max(1, manifest.samplesPerProblem), samples = try samples(of: set.name)
        guard samples.count == set.problems * size else {
            throw RunError(
                .notPaired, "\(path) has \(samples.count / size) of \(set.problems) problems of \(set.name)",
                hint: "--resume finishes an interrupted evaluation")
        }
        return (samples, size)
    }

    /// As ``samples(of:)``, and cuts off what is left out, so that the next line can follow.
    public func resumedSamples(of set: String) throws(RunError) -> [EvaluatedSample] {
        let samples = try samples(of: set)
        try converted { () throws(RecordsError) in try journal(of: set).keep(samples.count) }
        return samples
    }

    /// Writes the next samples of a set and waits until the disk has them.
    public func append(_ samples: [EvaluatedSample], of set: String) throws(RunError) {
        try converted { () throws(RecordsError) in try journal(of: set).append(samples) }
    }

    /// Writes the numbers of a finished evaluation.
    public func write(summary: EvaluationReport) throws(RunError) {
        try converted { () throws(RecordsError) in try summary.write(to: "\(path)/summary.json") }
    }

    private func journal(of set: String) -> Journal<EvaluatedSample> {
        Journal(path: "\(path)/\(Self.fileName(of: set))")
    }

    /// The file of a set's samples. Names of sets may be paths; what a file's name cannot hold becomes a dash.
    private static func fileName(of set: String) -> String {
        "\(String(set.map { $0 == "/" || $0 == "\0" ? "-" : $0 })).samples.jsonl"
    }

    private static func settings(in path: String) -> String { "\(path)/settings.json" }

    private static func manifest(in path: String) throws(RunError) -> EvaluationManifest {
        guard FileManager.default.fileExists(atPath: settings(in: path)) else {
            throw RunError(
                .damagedRecords, "\(path) holds no evaluation: there is no settings.json",
                hint: "tinylora eval --output DIR writes one")
        }
        return try converted { () throws(RecordsError) in try EvaluationManifest(contentsOf: settings(in: path)) }
    }
}
