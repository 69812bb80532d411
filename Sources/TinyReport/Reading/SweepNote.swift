import Foundation
import TinyRecords

/// What a report wants to know of a `sweep.json`: which setting was tuned, which runs count, and which never began.
struct SweepNote: Record {
    struct Run: Codable, Sendable, Equatable {
        let name: String
        let final: Bool?
        let state: String?
        let error: String?
    }

    let tune: String?
    let runs: [Run]?

    /// The note in a directory; `nil` when there is none or it cannot be read, which leaves every run on its own.
    static func inDirectory(_ path: String) -> SweepNote? {
        guard let data = FileManager.default.contents(atPath: path + "/sweep.json") else { return nil }
        return try? SweepNote(json: String(decoding: data, as: UTF8.self))
    }

    /// What it says about the run in a folder of this name.
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
