import Foundation
import TinyFoundation

/// Fingerprints of large models whose files have not changed since they were computed.
///
/// A small JSON file for each model, named by the paths of its files. It is used while the system says that each file is the
/// same one: device, number, size, and the times of its last change. What cannot be read or written costs time and nothing else.
public struct FingerprintCache: Sendable {
    /// Where the files are; created by the first write.
    public let directory: String

    /// Smaller models are computed again: that takes no longer than looking.
    private let leastBytes: Int
    /// Seconds after which a later change of a file has another time, whatever the file system's resolution.
    private let settledSeconds: Int

    /// A cache in this directory.
    public init(directory: String) { self.init(directory: directory, leastBytes: 16 << 20, settledSeconds: 3) }

    package init(directory: String, leastBytes: Int, settledSeconds: Int) {
        self.directory = directory
        self.leastBytes = leastBytes
        self.settledSeconds = settledSeconds
    }

    /// The cache in ``CacheDirectory/standard(environment:)``; `nil` when there is no such directory.
    public static func standard() -> FingerprintCache? {
        CacheDirectory.standard().map(FingerprintCache.init(directory:))
    }

    private struct Entry: Codable {
        let model: String
        let files: [String]
        let fingerprint: String
    }

    func fingerprint(of files: [MappedFile], _ model: String) -> String? {
        guard files.reduce(0, { $0 + $1.bytes.count }) >= leastBytes,
            let data = try? contents(ofFile: path(files)),
            let entry = try? JSONDecoder().decode(Entry.self, from: data),
            entry.model == model, entry.files == files.map(\.identity)
        else { return nil }
        return entry.fingerprint
    }

    func keep(_ fingerprint: String, of files: [MappedFile], _ model: String) {
        let now = Int(Date().timeIntervalSince1970)
        guard files.reduce(0, { $0 + $1.bytes.count }) >= leastBytes,
            files.allSatisfy({ $0.changed + settledSeconds <= now }),
            let data = try? JSONEncoder().encode(
                Entry(model: model, files: files.map(\.identity), fingerprint: fingerprint))
        else { return }
        try? AtomicFile.makeDirectory(directory)
        try? AtomicFile.write(data, to: path(files))
    }

    private func path(_ files: [MappedFile]) -> String {
        let paths = files.map { URL(fileURLWithPath: $0.path).standardizedFileURL.resolvingSymlinksInPath().path }
        return "\(directory)/fingerprint-\(SHA256.hash(paths.joined(separator: "\n").utf8).hexadecimal.prefix(32)).json"
    }
}
