import Foundation
import TinyCheckpoint
import TinyRecords
public import TinyFoundation

/// A directory with everything an evaluation made, so that it can be read, gone on with and compared.
///
///     settings.json           what decides the samples: hashes of model, adapter, template and problems, sampling, seed
///     NAME.samples.jsonl      one line per completion of a problem set, written as soon as it is graded
///     summary.json            the numbers, once all sets are done
///
/// A line of samples depends on the settings alone. An evaluation that was interrupted at any instant and gone on with has
/// the same bytes in its samples as one that never was.
public struct EvaluationFolder: Sendable {
    /// The directory.
    public let path: String
    /// What decides the samples.
    public let manifest: EvaluationManifest
    /// Held as long as the value lives; `nil` where it only reads.
    private let lock: DirectoryLock?

    /// Makes the directory, or goes on with the evaluation in it.
    ///
    /// - Throws: ``RunError``: `directoryInUse` when another process writes into it, `evaluationExists` when there is
    ///   one and `resuming` is false, `differentEvaluation` naming the setting that differs, `damagedRecords` or `unwritable`.
    public init(preparing path: String, manifest: EvaluationManifest, resuming: Bool) throws(RunError) {
        self.path = path
        self.manifest = manifest
        try Self.change(path) {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
        do throws(FileError) {
            lock = try DirectoryLock(path)
        } catch {
            throw RunError(error.code == .directoryInUse ? .directoryInUse : .unwritable, error)
        }
        if FileManager.default.fileExists(atPath: Self.settings(in: path)) {
            guard resuming else {
                throw RunError(
                    .evaluationExists, "\(path) holds an evaluation already",
                    hint: "--resume continues it; for a new evaluation choose another directory")
            }
            if let difference = manifest.firstDifference(from: try Self.manifest(in: path)) {
                throw RunError(
                    .differentEvaluation,
                    "\(path) was made with \(difference.key) \(difference.theirs), not \(difference.mine)",
                    hint: "resume an evaluation with the settings it was started with")
            }
        } else {
            try Self.change(path) {
                try Data(try manifest.jsonDocument().utf8).write(
                    to: URL(fileURLWithPath: Self.settings(in: path)), options: .atomic)
            }
        }
    }

    /// Opens a directory to read it.
    ///
    /// - Throws: ``RunError`` with code `damagedRecords` when it holds no evaluation.
    public init(reading path: String) throws(RunError) {
        self.path = path
        manifest = try Self.manifest(in: path)
        lock = nil
    }

    /// The complete problems of a set, each with all its samples; what was being written when an evaluation ended is left out.
    ///
    /// - Throws: ``RunError`` with code `damagedRecords` naming the file and line.
    public func samples(of set: String) throws(RunError) -> [EvaluatedSample] {
        try read(set).samples
    }

    /// As ``samples(of:)``, and cuts off what is left out, so that the next line can follow.
    public func resumedSamples(of set: String) throws(RunError) -> [EvaluatedSample] {
        let (samples, end) = try read(set)
        let file = samplesFile(of: set)
        try Self.change(file) {
            guard let handle = FileHandle(forUpdatingAtPath: file) else { return }
            defer { try? handle.close() }
            try handle.truncate(atOffset: UInt64(end))
            try handle.synchronize()
        }
        return samples
    }

    /// Writes the next samples of a set and waits until the disk has them.
    public func append(_ samples: [EvaluatedSample], of set: String) throws(RunError) {
        let file = samplesFile(of: set)
        try Self.change(file) {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            var data = Data()
            for sample in samples { data += try encoder.encode(sample) + Data("\n".utf8) }
            if !FileManager.default.fileExists(atPath: file) { try Data().write(to: URL(fileURLWithPath: file)) }
            let handle = try FileHandle(forUpdating: URL(fileURLWithPath: file))
            defer { try? handle.close() }  // after the flush below nothing is left that closing could lose
            try handle.seekToEnd()
            try handle.write(contentsOf: data)
            try handle.synchronize()
        }
    }

    /// Writes the numbers of a finished evaluation.
    public func write(summary: some Encodable) throws(RunError) {
        let file = "\(path)/summary.json"
        try Self.change(file) {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
            try (try encoder.encode(summary) + Data("\n".utf8)).write(to: URL(fileURLWithPath: file), options: .atomic)
        }
    }

    /// The file of a set's samples. Names of sets may be paths; what a file's name cannot hold becomes a dash.
    public func samplesFile(of set: String) -> String {
        "\(path)/\(String(set.map { $0 == "/" || $0 == "\0" ? "-" : $0 })).samples.jsonl"
    }

    private func read(_ set: String) throws(RunError) -> (samples: [EvaluatedSample], end: Int) {
        let file = samplesFile(of: set)
        guard FileManager.default.fileExists(atPath: file) else { return ([], 0) }
        guard let data = FileManager.default.contents(atPath: file) else {
            throw RunError(.damagedRecords, "\(file) cannot be read")
        }
        let bytes = [UInt8](data), decoder = JSONDecoder()
        var samples: [EvaluatedSample] = []
        var start = 0, complete = 0
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            guard let sample = try? decoder.decode(EvaluatedSample.self, from: Data(bytes[start..<end])) else {
                throw RunError(
                    .damagedRecords, "\(file):\(samples.count + 1): the line is not a sample of an evaluation")
            }
            samples.append(sample)
            start = end + 1
            if samples.count.isMultiple(of: max(1, manifest.samplesPerProblem)) { complete = start }
        }
        let whole = samples.count - samples.count % max(1, manifest.samplesPerProblem)
        return (Array(samples.prefix(whole)), complete)
    }

    private static func settings(in path: String) -> String { "\(path)/settings.json" }

    private static func manifest(in path: String) throws(RunError) -> EvaluationManifest {
        guard let data = FileManager.default.contents(atPath: settings(in: path)) else {
            throw RunError(
                .damagedRecords, "\(path) holds no evaluation: there is no settings.json",
                hint: "tinylora eval --output DIR writes one")
        }
        do {
            return try EvaluationManifest(json: String(decoding: data, as: UTF8.self))
        } catch {
            throw RunError(.damagedRecords, "\(settings(in: path)): \(error)", underlying: error)
        }
    }

    private static func change(_ file: String, _ body: () throws -> Void) throws(RunError) {
        do {
            try body()
        } catch {
            throw RunError(
                .unwritable, "\(file) cannot be written: \(error.localizedDescription)", underlying: error)
        }
    }
}
