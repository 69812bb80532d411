import TinyRecords

/// Configurations that differ in one setting only, side by side; where each one's learning rate was chosen on validation problems,
/// the rates may differ, too.
public struct Ablation: Sendable, Encodable {
    /// The setting.
    public let key: String
    /// Its values, in the order of the columns.
    public let values: [String]
    /// One row for each configuration that was trained with several values.
    public let rows: [AblationRow]

    /// Settings that are compared in a table of their own.
    private static let keys = ["element_type", "arithmetic", "tying", "frozen_subspace", "rank", "projection_seed"]

    /// Every ablation the results hold.
    static func all(in results: [CellResult]) -> [Ablation] {
        keys.compactMap { key in
            let groups = results.inGroups { result in
                let identity = Cell.identity(of: result.cell.first, leavingOut: ["seed", result.cell.tunedKey, key])
                // Only tying may change how many numbers there are: the rank of LoRA is a size, that of TinyLoRA is not.
                return key == "tying" ? identity : "\(identity) \(result.parameters)"
            }.map(\.members).flatMap { group in
                // Only where each has the rate that was chosen for it, different rates are compared.
                group.allSatisfy { $0.choice == .validation }
                    ? [group] : group.inGroups { $0.cell.tuned }.map(\.members)
            }.filter { Set($0.map { $0.cell.settings[key].words }).count > 1 }
            guard !groups.isEmpty else { return nil }
            let values = Set(groups.flatMap { $0 }.map { $0.cell.settings[key].words })
                .sorted { (place($0), Double($0) ?? 0, $0) < (place($1), Double($1) ?? 0, $1) }
            return Ablation(
                key: key, values: values,
                rows: groups.map { group in
                    AblationRow(
                        method: group[0].method, algorithm: group[0].algorithm, parameters: group[0].parameters,
                        results: values.map { value in
                            group.first { $0.cell.settings[key].words == value }
                        })
                })
        }
    }

    /// Precise types first; the rest by number or by name.
    private static func place(_ value: String) -> Int {
        ["fp32", "bf16", "fp16", "top", "bottom", "random"].firstIndex(of: value) ?? .max
    }
}

/// One configuration with several values of one setting.
public struct AblationRow: Sendable, Encodable, TrainedSize {
    /// What is trained.
    public let method: String
    /// How it is trained.
    public let algorithm: String
    /// Trained numbers of the first result; other ways of tying may have another number.
    public let parameters: Int
    /// The result with each value; `nil` where there is none.
    public let results: [CellResult?]

    /// Settings whose values were chosen for each result by itself, and differ.
    var chosenKeys: Set<String> {
        let cells = results.compactMap { $0?.cell }
        return Set(cells.map(\.tuned)).count > 1 ? Set(cells.map(\.tunedKey)) : []
    }
}
