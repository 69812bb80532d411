/// The seven matrices of a transformer block that an adapter may change, in counting order.
///
/// The order q, k, v, o, gate, up, down is the order in which modules are numbered, tied and stored.
public enum ModuleKind: Int, CaseIterable, Sendable, Codable {
    case query, key, value, output, gate, up, down

    /// The name Hugging Face checkpoints use inside a layer, such as `self_attn.q_proj`.
    public var name: String {
        switch self {
        case .query: "self_attn.q_proj"
        case .key: "self_attn.k_proj"
        case .value: "self_attn.v_proj"
        case .output: "self_attn.o_proj"
        case .gate: "mlp.gate_proj"
        case .up: "mlp.up_proj"
        case .down: "mlp.down_proj"
        }
    }

    /// Whether the module belongs to attention rather than to the feed-forward block.
    public var isAttention: Bool { rawValue <= ModuleKind.output.rawValue }
}

/// One matrix that an adapter may change: which layer, which kind, and its shape `[outputs, inputs]`.
public struct AdaptedModule: Sendable, Hashable, Codable {
    /// Zero-based layer.
    public var layer: Int
    /// Which of the seven.
    public var kind: ModuleKind
    /// Rows of the weight.
    public var outputs: Int
    /// Columns of the weight.
    public var inputs: Int

    /// Describes one module.
    public init(layer: Int, kind: ModuleKind, outputs: Int, inputs: Int) {
        self.layer = layer
        self.kind = kind
        self.outputs = outputs
        self.inputs = inputs
    }

    /// Position in counting order: layer by layer, seven modules each.
    public var index: Int { layer * ModuleKind.allCases.count + kind.rawValue }

    /// Full name as in Hugging Face checkpoints, such as `model.layers.3.mlp.down_proj`.
    public var name: String { "model.layers.\(layer).\(kind.name)" }
}
