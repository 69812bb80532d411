import Foundation
import Testing

/// The committed file of hashes: one line for each case and part, in the layout of `sha256sum`.
enum RecordedHashes {
    /// When this is set, the file is rewritten and every test fails; the value names the commit that the numbers are of.
    private static let variable = "TINYLORA_RECORD_HASHES"

    private static let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/TinyLoRACommand/hashes.txt")

    /// Compares the hashes of a case with those in the file, or writes them into it.
    ///
    /// - Parameter parts: Hash of each part, by name.
    static func check(
        _ name: String, _ parts: [String: String], sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        if let commit = ProcessInfo.processInfo.environment[variable], !commit.isEmpty {
            var all = (try? read()) ?? [:]
            all[name] = parts
            try write(all, commit: commit)
            Issue.record("recorded new hashes of \(name)", sourceLocation: sourceLocation)
            return
        }
        let recorded = try read()[name] ?? [:]
        for part in Set(parts.keys).union(recorded.keys).sorted() {
            let found = parts[part] ?? "nothing", expected = recorded[part] ?? "nothing"
            #expect(
                found == expected, "\(name): \(part) is \(found), recorded is \(expected)",
                sourceLocation: sourceLocation)
        }
    }

    /// Expects the file to have these cases and no others; when recording, removes the others.
    static func checkNames(_ names: Set<String>) throws {
        var all = try read()
        if let commit = ProcessInfo.processInfo.environment[variable], !commit.isEmpty {
            all = all.filter { names.contains($0.key) }
            try write(all, commit: commit)
            Issue.record("recorded new hashes")
            return
        }
        let surplus = Set(all.keys).subtracting(names).sorted(), missing = names.subtracting(all.keys).sorted()
        #expect(surplus.isEmpty, "recorded, but not a case: \(surplus)")
        #expect(missing.isEmpty, "a case, but not recorded: \(missing)")
    }

    /// The hashes by case and part.
    private static func read() throws -> [String: [String: String]] {
        var all: [String: [String: String]] = [:]
        for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") where !line.hasPrefix("#") {
            let words = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
            let name = try #require(words.last).trimmingCharacters(in: .whitespaces)
            let colon = try #require(name.range(of: ": ", options: .backwards), "\(line)")
            all[String(name[..<colon.lowerBound]), default: [:]][String(name[colon.upperBound...])] = String(words[0])
        }
        return all
    }

    private static func write(_ all: [String: [String: String]], commit: String) throws {
        let lines = all.flatMap { name, parts in parts.map { (name: "\(name): \($0.key)", hash: $0.value) } }
            .sorted { $0.name < $1.name }.map { "\($0.hash)  \($0.name)" }
        let text = ([header(commit: commit)] + lines).joined(separator: "\n") + "\n"
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file, options: .atomic)
    }

    private static func header(commit: String) -> String {
        """
        # SHA-256 of the numbers that tinylora produces: a change of structure must not change any of them.
        # Tests/TinyLoRACommandTests/SameBitsTests.swift has the cases, ValueHash.swift what of them is hashed and how.
        #
        # Numbers of commit \(commit), recorded with
        #
        #     \(variable)=$(git rev-parse HEAD) swift test -c release --filter SameBits
        #
        # which rewrites this file and fails. Record again only after a change that is meant to change numbers, in a commit of
        # its own that says why they changed.
        """
    }
}
