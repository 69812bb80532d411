/// What is trained: how many numbers, and how they act on the model's matrices.
public struct AdapterSettings: Sendable, Equatable {
    /// Trained numbers. Range: `1...`. Key `parameters`.
    public var parameters = 13
    /// Singular triplets kept per matrix. Range: `1...`. Key `rank`.
    public var rank = 2
    /// Numbers per group of matrices; `nil` lets the budget decide (1, unless there are more numbers than matrices).
    /// Range: `1...`. Key `u`.
    public var u: Int?
    /// Which matrices share numbers: `tiled:N`, `contiguous:N`, `structured:N`, `by-kind`, `full` or `none`; `nil` lets the
    /// budget decide. Key `tying`.
    public var tying: String?
    /// How the trained numbers are stored, and therefore used by every forward pass. Key `element_type`.
    public var elementType = StoredType.bfloat16
    /// Seed of the frozen random projections. Key `projection_seed`.
    public var projectionSeed: UInt64 = 0

    /// Thirteen numbers of rank 2, as in the paper.
    public init() {}

    static let fields: [SettingField<Self>] = [
        .init("parameters", \.parameters), .init("rank", \.rank), .init("u", \.u), .init("tying", \.tying),
        .init(choice: "element_type", \.elementType), .init("projection_seed", \.projectionSeed),
    ]

    func check(_ rules: inout Rules) {
        rules.require(parameters >= 1, "parameters", "\(parameters) is not in 1...")
        rules.require(rank >= 1, "rank", "\(rank) is not in 1...")
        if let u { rules.require(u >= 1, "u", "\(u) is not in 1...") }
        if let tying {
            rules.require(
                isTying(tying), "tying",
                "\"\(tying)\" is none of tiled:N, contiguous:N, structured:N, by-kind, full, none")
        }
    }
}

/// How a trained number is stored.
public enum StoredType: String, Sendable, Codable, CaseIterable {
    case float32 = "fp32"
    case bfloat16 = "bf16"
    case float16 = "fp16"
}

/// Whether `text` has the form of a way of tying, with a count where one is needed.
private func isTying(_ text: String) -> Bool {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    switch parts[0] {
    case "tiled", "contiguous", "structured": return parts.count == 2 && (Int(parts[1]) ?? 0) >= 1
    case "by-kind", "full", "none": return parts.count == 1
    default: return false
    }
}
