public import TinyFoundation

/// What is trained: which numbers, how many, and how they act on the model's matrices.
public struct AdapterSettings: Sendable, Equatable {
    /// The method. Key `method`.
    public var method = AdapterMethodKind.tinyLoRA
    /// Trained numbers; `nil` is 13 for TinyLoRA, and what the other settings give for the other methods, which may repeat it
    /// here. Range: `1...`. Key `parameters`.
    public var parameters: Int?
    /// Rank of each matrix's change. Range: `1...`. Key `rank`.
    public var rank = 2
    /// Numbers per group of matrices, of TinyLoRA with ``tying``; `nil` lets the budget decide. Range: `1...`. Key `u`.
    public var u: Int?
    /// Which matrices share numbers, of TinyLoRA: `tiled:N`, `contiguous:N`, `peft:N`, `structured:N`, `by-kind`, `full`
    /// or `none`; `nil` lets the budget decide. Key `tying`.
    public var tying: String?
    /// Scales the change of LoRA and LoRA-XS by `lora_alpha / rank`; `nil` is the rank, a scale of 1. Range: above 0.
    /// Key `lora_alpha`.
    public var alpha: Double?
    /// Which matrices of each layer are changed; all seven by default. Key `target_modules`.
    public var targetModules = TargetModules.allLinear
    /// Which directions of the frozen matrices TinyLoRA and LoRA-XS move in. Key `frozen_subspace`.
    public var frozenSubspace = FrozenSubspace.top
    /// How the trained numbers are stored, and therefore used by every forward pass. Key `element_type`.
    public var elementType = ElementType.bfloat16
    /// Seed of the frozen random projections and of random directions. Key `projection_seed`.
    public var projectionSeed: UInt64 = 0

    /// Thirteen numbers of rank 2, as in the paper.
    public init() {}

    static let fields: [SettingField] = [
        .init(choice: "method", \.adapter.method), .init("parameters", \.adapter.parameters),
        .init("rank", \.adapter.rank), .init("u", \.adapter.u),
        .init("tying", \.adapter.tying), .init("lora_alpha", \.adapter.alpha),
        .init("target_modules", \.adapter.targetModules),
        .init(choice: "frozen_subspace", \.adapter.frozenSubspace),
        .init(choice: "element_type", \.adapter.elementType),
        .init("projection_seed", \.adapter.projectionSeed),
    ]

    func check(_ rules: inout Rules) {
        let method = method.rawValue, isTinyLoRA = self.method == .tinyLoRA, isFull = self.method == .full
        rules.require(parameters, atLeast: 1, "parameters")
        rules.require(parameters, atMost: 1_000_000_000_000, "parameters")
        rules.require(rank, atLeast: 1, "rank")
        rules.require(u, atLeast: 1, "u")
        if u != nil {
            rules.require(isTinyLoRA, "u", "is given, but \(method) has no groups of matrices")
            rules.require(
                !isTinyLoRA || tying != nil, "u", "needs tying, which makes the groups of matrices that it belongs to")
        }
        if let tying {
            rules.require(
                Tying(tying).map { $0.count ?? 1 >= 1 } ?? false, "tying",
                "is \"\(tying)\", must be one of tiled:N, contiguous:N, peft:N, structured:N, by-kind, full, none")
            rules.require(isTinyLoRA, "tying", "is given, but \(method) shares no parameters between matrices")
        }
        rules.require(positive: alpha, "lora_alpha")
        if alpha != nil {
            rules.require(!isTinyLoRA && !isFull, "lora_alpha", "is given, but \(method) has no scale")
        }
        targetModules.check(&rules)
        rules.require(
            !isFull || targetModules == .allLinear, "target_modules", "are given, but full trains every weight")
        rules.require(
            frozenSubspace == .top || isTinyLoRA || self.method == .loraXS, "frozen_subspace",
            "is \(frozenSubspace.rawValue), but \(method) has no frozen singular vectors")
    }
}
