import Foundation
public import TinyFoundation
import TinyRecords

/// Every run below some directories. A directory with a `configuration.json` is a run; runs contain no runs. What a
/// `sweep.json` says holds for all runs below it.
public struct RunArchive: Sendable {
    /// Runs with a result, by name.
    public let runs: [RecordedRun]
    /// Runs without one, by name.
    public let unusable: [UnusableRun]

    /// Reads all runs below `directories`, each once.
    ///
    /// - Throws: ``ReportError`` with code `unreadable` or `noRuns`. A damaged or failed run is no error, but listed.
    public init(below directories: [String]) throws(ReportError) {
        var seen: Set<String> = [], runs: [RecordedRun] = [], unusable: [UnusableRun] = []
        for directory in directories {
            var search = RunSearch(
                root: URL(fileURLWithPath: directory).standardizedFileURL.path, given: directory,
                prefix: directories.count == 1 ? "" : trimmed(directory) + "/")
            try search.descend(to: "", note: nil)
            for found in search.found where seen.insert(found.path).inserted {
                do throws(UnusableRun) { runs.append(try found.read()) } catch { unusable.append(error) }
            }
            unusable += search.failures.filter { seen.insert($0.path).inserted }
        }
        guard !runs.isEmpty || !unusable.isEmpty else {
            throw ReportError(
                .noRuns, "there is no run below \(directories.joined(separator: ", "))",
                hint: "a run is a directory with a configuration.json, as `tinylora train --output` makes it")
        }
        var kept: [RecordedRun] = []
        for (_, same) in runs.sorted(by: { naturallyPrecedes($0.name, $1.name) }).inGroups(by: \.identity) {
            // Equal settings and seeds give equal numbers: counted twice, they would count as two seeds. A run whose test result
            // counts tells more than one that only helped to choose, and one with validation results more than one without.
            func rank(_ run: RecordedRun) -> Int { (run.role.isTrial ? 2 : 0) + (run.validation == nil ? 1 : 0) }
            let best = same.indices.min { rank(same[$0]) < rank(same[$1]) } ?? 0
            kept.append(same[best])
            for (place, run) in same.enumerated() where place != best {
                let sentence = "has the settings and the seed of \(same[best].name)"
                unusable.append(UnusableRun(name: run.name, path: run.path, reason: .repeated, sentence: sentence))
            }
        }
        self.runs = kept.sorted { naturallyPrecedes($0.name, $1.name) }
        self.unusable = unusable.sorted { naturallyPrecedes($0.name, $1.name) }
    }
}

/// Looks for runs in one directory and all below it.
private struct RunSearch {
    /// Absolute path of the directory.
    let root: String
    /// The directory as the user wrote it.
    let given: String
    /// Prefix of the names of runs.
    let prefix: String
    var found: [RunReader] = []
    var failures: [UnusableRun] = []

    mutating func descend(to relative: String, note: SweepNote?) throws(ReportError) {
        let path = relative.isEmpty ? root : root + "/" + relative
        do throws(FileError) {
            if relative.isEmpty { try requireDirectory(given) }
        } catch {
            throw ReportError(.unreadable, error)
        }
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: path)
        } catch {
            let place = relative.isEmpty ? given : given + "/" + relative
            throw ReportError(.unreadable, "\(place) cannot be listed: \(systemReason(error))", underlying: error)
        }
        let folder = URL(fileURLWithPath: path).lastPathComponent
        if names.contains("configuration.json") || names.contains("failure.json") {
            let name = relative.isEmpty ? (prefix.isEmpty ? folder : trimmed(given)) : prefix + relative
            found.append(RunReader(name: name, path: path, role: note?.role(of: folder) ?? SweepRole()))
            return
        }
        let own = names.contains("sweep.json") ? SweepNote.inDirectory(path) : nil
        let before = found.count
        for name in names.sorted() where !name.hasPrefix(".") {
            let next = relative.isEmpty ? name : relative + "/" + name
            // Symbolic links are not followed: one to a parent directory would never end.
            let kind = try? FileManager.default.attributesOfItem(atPath: root + "/" + next)[.type] as? FileAttributeType
            if kind == .typeDirectory { try descend(to: next, note: own ?? note) }
        }
        guard let own else { return }
        let folders = Set(found[before...].map { URL(fileURLWithPath: $0.path).lastPathComponent })
        failures += own.failures(apartFrom: folders).map { name, sentence in
            UnusableRun(
                name: prefix + (relative.isEmpty ? name : relative + "/" + name), path: path + "/" + name,
                reason: .failed, sentence: sentence)
        }
    }
}

/// A path without slashes at its end.
private func trimmed(_ path: String) -> String {
    var path = path[...]
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    return String(path)
}

/// Order of names in which `run-9` comes before `run-10`.
package func naturallyPrecedes(_ a: String, _ b: String) -> Bool {
    func parts(_ text: String) -> [(text: String, number: Int?)] {
        var parts: [(text: String, number: Int?)] = []
        var digits = false
        for character in text {
            let isDigit = character.isASCII && character.isNumber
            if parts.isEmpty || isDigit != digits { parts.append(("", nil)) }
            parts[parts.count - 1].text.append(character)
            digits = isDigit
        }
        return parts.map { ($0.text, Int($0.text)) }
    }
    for (left, right) in zip(parts(a), parts(b)) where left.text != right.text {
        if let x = left.number, let y = right.number, x != y { return x < y }
        return left.text < right.text
    }
    return (a.utf8.count, a) < (b.utf8.count, b)
}

/// The parts of a `sweep.json` that a report uses: the tuned setting, which runs count, and which failed before they started.
struct SweepNote: Record {
    struct PlannedRun: Codable, Sendable, Equatable {
        let name: String
        let final: Bool?
        let state: String?
        let error: String?
    }

    let tune: String?
    let runs: [PlannedRun]?

    /// The `sweep.json` of a directory; `nil` when there is none or it cannot be read, so that its runs have no sweep.
    static func inDirectory(_ path: String) -> SweepNote? {
        guard let data = FileManager.default.contents(atPath: path + "/sweep.json") else { return nil }
        return try? SweepNote(json: String(decoding: data, as: UTF8.self))
    }

    /// The role of the run in a folder of this name.
    func role(of folder: String) -> SweepRole {
        var role = SweepRole()
        if let tune { role.tunedKey = tune }
        role.isTrial = tune != nil && runs?.first { $0.name == folder }?.final == false
        return role
    }

    /// Runs that failed before they had a directory.
    func failures(apartFrom folders: Set<String>) -> [(name: String, sentence: String)] {
        (runs ?? []).filter { $0.state == "failed" && !folders.contains($0.name) }
            .map { ($0.name, $0.error ?? "the sweep does not say why") }
    }
}
