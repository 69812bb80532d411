internal import TinyRecords

/// Describes the differences of cells that a table would otherwise show as equal.
struct Differences {
    /// The settings in which the cells of one method, algorithm and number of parameters differ.
    private var varying: [String: [String]] = [:]
    private var frequency: [String: [SettingValue: Int]] = [:]
    /// The value most cells have; `nil` where two values are equally common.
    private var common: [String: SettingValue] = [:]

    init(among cells: [Cell]) {
        for (row, members) in cells.inGroups(by: Self.row) {
            let keys = Set(members.flatMap(\.settings.keys)).subtracting(Cell.columns)
            varying[row] = keys.filter { key in Set(members.map { $0.settings[key] }).count > 1 }.sorted()
        }
        for key in Set(cells.flatMap(\.settings.keys)) {
            var counts: [SettingValue: Int] = [:]
            for cell in cells { counts[cell.settings[key], default: 0] += 1 }
            let most = counts.values.max() ?? 0, commonest = counts.filter { $0.value == most }.keys
            frequency[key] = counts
            common[key] = commonest.count == 1 ? commonest.first : nil
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
        return (varying + telling).filter { $0 != key && cell.settings[$0] != common[$0] }.sorted()
            .map { settingWords($0, cell.settings[$0]) }.joined(separator: " · ")
    }

    /// How common a cell's settings are. Of the points at one place of a chart, the most common one is drawn filled.
    func typicality(of cell: Cell) -> Int {
        (varying[Self.row(cell)] ?? []).reduce(0) { $0 + (frequency[$1]?[cell.settings[$1]] ?? 0) }
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
    default: "\(key.replacing("_", with: " ")) \(value.words)"
    }
}
