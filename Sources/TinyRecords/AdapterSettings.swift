/// What is trained: how many numbers, and how they act on the model's matrices.
public struct AdapterSettings: Sendable, Equatable {
    /// Trained numbers. Range: `1...`. Key `parameters`.
    public var parameters = 13
    /// Singular triplets kept per matrix. Range: `1...`. Key `rank`.
    public var rank = 2
    /// Numbers per group of matrices; `nil` lets the budget decide (1, unless there are more numbers than matrices).
    /// Range: `1...`. Key `u`.
    public var u: Int?
    /// Which matrices share numbers; `nil` lets the budget decide. Key `tying`.
    public var tying: TyingChoice?
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
        switch tying {
        case .tiled(let size), .structured(let size):
            rules.require(size >= 1, "tying", "a group of \(size) matrices is not in 1...")
        case .byKind, .full, .untied, nil: break
        }
    }
}

/// How a trained number is stored.
public enum StoredType: String, Sendable, Codable, CaseIterable {
    case float32 = "fp32"
    case bfloat16 = "bf16"
    case float16 = "fp16"
}

/// Which matrices share their trained numbers. In a file: `"tiled:16"`, `"structured:4"`, `"kind"`, `"full"`, `"none"`.
public enum TyingChoice: Sendable, Hashable, Codable, CustomStringConvertible {
    /// This many consecutive matrices, whatever their type.
    case tiled(Int)
    /// This many matrices of the same type in neighbouring layers.
    case structured(Int)
    /// All attention matrices, and all feed-forward matrices.
    case byKind
    /// All matrices.
    case full
    /// None: every matrix has its own.
    case untied

    /// The text that files and flags use.
    public var description: String {
        switch self {
        case .tiled(let size): "tiled:\(size)"
        case .structured(let size): "structured:\(size)"
        case .byKind: "kind"
        case .full: "full"
        case .untied: "none"
        }
    }

    /// Reads the text that files and flags use; `nil` when it is none of the choices.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        switch (parts.first, parts.count) {
        case ("kind", 1): self = .byKind
        case ("full", 1): self = .full
        case ("none", 1): self = .untied
        case ("tiled", 2):
            guard let size = Int(parts[1]) else { return nil }
            self = .tiled(size)
        case ("structured", 2):
            guard let size = Int(parts[1]) else { return nil }
            self = .structured(size)
        default: return nil
        }
    }

    /// Reads the text that files use.
    ///
    /// - Throws: ``RecordsError`` with code `invalidValue`.
    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let choice = TyingChoice(text) else {
            throw RecordsError(
                .invalidValue,
                "\(dotted(decoder.codingPath)) is \"\(text)\", expected tiled:N, structured:N, kind, full or none")
        }
        self = choice
    }

    /// Writes the text that files use.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
