internal import TinyRecords

/// Describes the differences of cells that a table would otherwise show as equal.
struct Differences {
    /// The settings in which the cells of one method, algorithm and number of parameters differ.
    private var varying: [String: [String]] = [:]
    private var frequency: [String: [SettingValue: Int]] = [:]
    /// The value most cells have; `nil` where two values are equally common.
    private var common: [String: SettingValue] = [:]
    /// The names of training data by hash, with a part of it where two have the same name.
    private var trainingData: [SettingValue: String] = [:]

    init(among cells: [Cell]) {
        for (row, members) in cells.inGroups(by: Self.row) {
            let keys = Set(members.flatMap(\.keys)).subtracting(Cell.columns)
            varying[row] = keys.filter { key in Set(members.map { $0[key] }).count > 1 }.sorted()
        }
        for key in Set(cells.flatMap(\.keys)) {
            var counts: [SettingValue: Int] = [:]
            for cell in cells { counts[cell[key], default: 0] += 1 }
            let most = counts.values.max() ?? 0, commonest = counts.filter { $0.value == most }.keys
            frequency[key] = counts
            common[key] = commonest.count == 1 ? commonest.first : nil
        }
        let data = cells.compactMap { $0.first.manifest.datasets["train"] }
        for (name, same) in data.inGroups(by: \.name) {
            let isAmbiguous = Set(same.map(\.content)).count > 1
            for file in same where trainingData[.text(file.content)] == nil {
                trainingData[.text(file.content)] = isAmbiguous ? file.brief : name
            }
        }
    }

    private static func row(_ cell: Cell) -> String { "\(cell.method) \(cell.algorithm) \(cell.parameters)" }

    /// Settings that are shown even in the only row of its kind, when they are not the most common ones.
    private static let telling = ["arithmetic", "element_type", "frozen_subspace", "target_modules"]

    /// Such as `rank 8 · fp32`: the settings that are not the most common of all cells. Mostly empty when the row is the
    /// only one of its kind, and for the row with the most common settings.
    func words(for cell: Cell, leavingOut key: String? = nil) -> String {
        let varying = varying[Self.row(cell)] ?? []
        let telling = Self.telling.filter {
            common[$0] != nil && cell.settings[$0] != .null && !varying.contains($0)
        }
        return (varying + telling).filter { $0 != key && cell[$0] != common[$0] }.sorted()
            .map { key in
                key == "train"
                    ? "trained on \(trainingData[cell[key]] ?? "unknown data")" : settingWords(key, cell[key])
            }.joined(separator: " · ")
    }

    /// How common a cell's settings are. Of the points at one place of a chart, the most common one is drawn filled.
    func typicality(of cell: Cell) -> Int {
        (varying[Self.row(cell)] ?? []).reduce(0) { $0 + (frequency[$1]?[cell[$1]] ?? 0) }
    }
}

/// A setting in words; values that are clear by themselves have no key.
func settingWords(_ key: String, _ value: SettingValue) -> String {
    switch key {
    case "element_type": value.words
    case "arithmetic": "\(value.words) arithmetic"
    case "frozen_subspace": "\(value.words) subspace"
    case "tying": "tied \(value.words)"
    case "target_modules": "\(value.words) only"
    case "sampler" where value == .text(ServerSoftware.anyOfProtocol): "sampled by a server of vLLM's protocol"
    case "sampler": value == .null ? "sampled locally" : "sampled by \(value.words)"
    case "learner": value == .null ? "learned locally" : "learned by \(value.words)"
    default: "\(key.replacing("_", with: " ")) \(value.words)"
    }
}
