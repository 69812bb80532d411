import Foundation
import TinyRecords

/// Names for cells and runs, made of what differs between them.
///
/// `grpo-tinylora-13-lr0.05-seed1`: algorithm and method where the sweep has several, then what the cell's block sets and
/// others set otherwise, then the tuned key and the seed. Long names are cut. Equal names get numbers, and so do names that
/// differ in letter case only, which are one name on many volumes.
struct SweepNames {
    private(set) var cells: [String] = []
    private(set) var runs: [String] = []

    init(cells all: [SweepCell], runs allRuns: [SweepRun], tuned: String?) {
        let resolved = allRuns.map { values(of: $0.configuration) }
        var known: [String: Set<SettingValue>] = [:]
        for values in resolved { for (key, value) in values { known[key, default: []].insert(value) } }
        let differing = Set(known.filter { $0.value.count > 1 }.keys).subtracting(["seed"])
        let tuningDiffers = tuned.map(differing.contains) ?? false

        var cellNames = TakenNames(), runNames = TakenNames()
        for cell in all {
            let own = allRuns.firstIndex { $0.cell == cell.index }.map { resolved[$0] } ?? [:]
            let set = Set(cell.settings.map(\.key)).union(["algorithm", "method"])
            let keys = differing.intersection(set).subtracting(
                tuningDiffers && !cell.candidates.isEmpty ? [tuned ?? ""] : [])
            // A user's models come with problem files, which add nothing to the name.
            let files: Set<String> = keys.contains("model") ? ["train", "eval", "validation"] : []
            let parts = keys.subtracting(files).sorted(by: precedes).map { key in
                // What the file says rather than what it means: `parameters: 35`, however a method counts them.
                part(key, cell.settings.first { $0.key == key }?.value ?? own[key] ?? .null)
            }
            let name = parts.isEmpty ? own["algorithm"]?.description ?? "run" : parts.joined(separator: "-")
            cells.append(cellNames.add(cut(name, to: mostBytes)))
        }
        for run in allRuns {
            var name = cells[run.cell]
            if let tuned, let value = run.candidate { name += "-" + part(tuned, value) }
            runs.append(runNames.add("\(cut(name, to: mostBytes + mostTunedBytes))-seed\(run.seed)"))
        }
    }
}

/// Names of folders and files that are told apart on every volume.
struct TakenNames {
    /// In small letters.
    private var taken: Set<String>

    init(_ names: [String] = []) { taken = Set(names.map { $0.lowercased() }) }

    /// Takes a name, or where it is taken the same with a number.
    mutating func add(_ name: String) -> String {
        let free = freeName(name) { taken.contains($0.lowercased()) }
        taken.insert(free.lowercased())
        return free
    }
}

/// Bytes of a cell's name, and of a tuned key with its value, at most. A file's name has 255 at most, and that of a run's
/// settings or messages is the run's with seed, number and extension.
private let mostBytes = 150, mostTunedBytes = 30

/// The beginning of a name that is longer than `most` bytes of UTF-8; others as they are.
private func cut(_ name: String, to most: Int) -> String {
    var scalars = name.unicodeScalars
    while String(scalars).utf8.count > most { scalars.removeLast() }
    return String(scalars)
}

/// Every key with its value, those that are not written as `null`.
private func values(of configuration: TrainingConfiguration) -> [String: SettingValue] {
    guard let line = try? configuration.jsonLine(),
        let written = try? JSONDecoder().decode([String: SettingValue].self, from: Data(line.utf8))
    else { return [:] }
    return written.merging(TrainingConfiguration.keys.map { ($0, .null) }) { value, _ in value }
}

/// Who, how, how much, the rest, how fast.
private let first = ["model", "train", "algorithm", "method", "parameters", "rank"], last = ["learning_rate"]

private func precedes(_ a: String, _ b: String) -> Bool {
    func place(_ key: String) -> Int {
        first.firstIndex(of: key) ?? (last.contains(key) ? first.count + 1 : first.count)
    }
    return place(a) == place(b) ? a < b : place(a) < place(b)
}

private func part(_ key: String, _ value: SettingValue) -> String {
    var text = value.description
    if TrainingConfiguration.fileKeys.contains(key) {
        text =
            key == "model" ? modelName(at: text) : URL(fileURLWithPath: text).deletingPathExtension().lastPathComponent
    }
    let safe = fileName(text)
    switch key {
    case "algorithm", "arithmetic", "method", "parameters", "model", "train", "tying": return String(safe.prefix(60))
    case "learning_rate": return "lr" + safe
    case let key where key.contains("_"): return "\(key)-\(safe.prefix(60))"
    default: return key + safe.prefix(60)
    }
}

/// A text with whatever may not stand in a file's name as one dash: `["q_proj", "v_proj"]` is `q_proj-v_proj`.
func fileName(_ text: String) -> String {
    let safe = String(String.UnicodeScalarView(text.unicodeScalars.map { isFileScalar($0) ? $0 : "-" }))
    return safe.split(separator: "-").joined(separator: "-")
}
