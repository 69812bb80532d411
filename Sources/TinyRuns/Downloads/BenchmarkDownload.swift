public import Foundation
internal import TinyFoundation
public import TinyHub
public import TinyProblems

extension Hub {
    /// Where published problem sets come from: `TINYLORA_GITHUB` of the environment, or GitHub.
    public static func publishedAddress(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> String {
        environment["TINYLORA_GITHUB"].flatMap { $0.isEmpty ? nil : $0 } ?? "https://raw.githubusercontent.com"
    }

    /// Fetches the published files of a problem set that the data directory does not have.
    ///
    /// - Parameters:
    ///   - benchmark: The set.
    ///   - data: The data directory.
    ///   - address: Where GitHub's files are.
    ///   - report: Told about attempts that fail and are tried again.
    /// - Returns: The files, those of the data directory included.
    /// - Throws: `HubError`, or ``RunError`` with code `alreadyExists` for a file with other contents: it is not replaced.
    public func download(
        _ benchmark: Benchmark, into data: String, from address: String = Hub.publishedAddress(),
        report: @escaping @Sendable (DownloadEvent) -> Void = { _ in }
    ) async throws -> [HubSnapshot.File] {
        var files: [HubSnapshot.File] = []
        for file in benchmark.published {
            let path = "\(data)/\(file.location)"
            let isThere = FileManager.default.fileExists(atPath: path)
            if isThere {
                let found = SHA256.hash(Array(try TinyFoundation.contents(ofFile: path))).hexadecimal
                guard found == file.sha256 else {
                    throw RunError(
                        .alreadyExists,
                        "\(path) is not the published file (SHA-256 \(found), published \(file.sha256))",
                        hint: "remove it to fetch the published one, or choose another directory with --data")
                }
            } else {
                let bytes = try await contents(
                    of: "\(address)/\(file.source)", byteCount: file.byteCount, sha256: file.sha256, report: report)
                try AtomicFile.makeDirectory(URL(fileURLWithPath: path).deletingLastPathComponent().path)
                try AtomicFile.write(Data(bytes), to: path)
            }
            files.append(HubSnapshot.File(path: path, byteCount: file.byteCount, isNew: !isThere))
        }
        return files
    }
}
