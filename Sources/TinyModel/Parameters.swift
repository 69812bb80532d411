// Every parameter of a model: its name in Hugging Face checkpoints, its shape and its role. The only place that spells names.

public import TinyCheckpoint
package import TinyTensor

/// The seven matrices of a layer that an adapter may change, in counting order.
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

    /// Whether the module belongs to attention, not to the feed-forward block.
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

/// What a parameter of a model is for.
public enum ParameterRole: Sendable, Hashable {
    case embedding, finalNorm, head
    case attentionNorm(layer: Int), queryNorm(layer: Int), keyNorm(layer: Int), feedForwardNorm(layer: Int)
    case weight(AdaptedModule), bias(AdaptedModule)

    /// The name in Hugging Face checkpoints, such as `model.layers.0.mlp.up_proj.weight`.
    public var name: String {
        switch self {
        case .embedding: "model.embed_tokens.weight"
        case .finalNorm: "model.norm.weight"
        case .head: "lm_head.weight"
        case .attentionNorm(let layer): "model.layers.\(layer).input_layernorm.weight"
        case .queryNorm(let layer): "model.layers.\(layer).self_attn.q_norm.weight"
        case .keyNorm(let layer): "model.layers.\(layer).self_attn.k_norm.weight"
        case .feedForwardNorm(let layer): "model.layers.\(layer).post_attention_layernorm.weight"
        case .weight(let module): module.name + ".weight"
        case .bias(let module): module.name + ".bias"
        }
    }

    /// Whether it scales a norm, and so starts at 1.
    public var isNorm: Bool {
        switch self {
        case .finalNorm, .attentionNorm, .queryNorm, .keyNorm, .feedForwardNorm: true
        case .embedding, .head, .weight, .bias: false
        }
    }

    /// Whether its product is added to the residual stream.
    public var writesToStream: Bool {
        if case .weight(let module) = self { module.kind == .output || module.kind == .down } else { false }
    }
}

/// Name and shape of one parameter, as Hugging Face checkpoints have it.
public struct ParameterShape: Sendable, Hashable {
    /// Such as `model.layers.0.mlp.up_proj.weight`.
    public let name: String
    /// `[outputs, inputs]`, or `[size]` for norms and biases.
    public let shape: [Int]
    /// What it is for; `nil` for tensors of an adapter.
    public let role: ParameterRole?

    /// Names a shape that is no parameter of a model, such as an adapter's.
    public init(name: String, shape: [Int]) {
        self.name = name
        self.shape = shape
        role = nil
    }

    init(_ role: ParameterRole, _ shape: [Int]) {
        name = role.name
        self.shape = shape
        self.role = role
    }

    /// Number of elements.
    public var count: Int { shape.reduce(1, *) }

    /// Whether weight decay applies: matrices decay, norms and biases do not.
    public var isMatrix: Bool { shape.count > 1 }
}

extension ModelConfiguration {
    /// Every parameter of the model, in the order of its layers. A tied head is the embedding and is not listed again.
    public var parameterShapes: [ParameterShape] {
        let family = ModelFamily(of: self), biased = family.biasedModules(of: self)
        var all = [ParameterShape(.embedding, [vocabularySize, hiddenSize])]
        for layer in 0..<layerCount {
            all.append(ParameterShape(.attentionNorm(layer: layer), [hiddenSize]))
            for module in modules(ofLayer: layer) {
                all.append(ParameterShape(.weight(module), [module.outputs, module.inputs]))
                if biased.contains(module.kind) { all.append(ParameterShape(.bias(module), [module.outputs])) }
            }
            if family.normalisesHeads {
                all.append(ParameterShape(.queryNorm(layer: layer), [headDimension]))
                all.append(ParameterShape(.keyNorm(layer: layer), [headDimension]))
            }
            all.append(ParameterShape(.feedForwardNorm(layer: layer), [hiddenSize]))
        }
        all.append(ParameterShape(.finalNorm, [hiddenSize]))
        if !tiesEmbeddings { all.append(ParameterShape(.head, [vocabularySize, hiddenSize])) }
        return all
    }

    /// Number of parameters, a tied head counted once.
    public var parameterCount: Int { parameterShapes.reduce(0) { $0 + $1.count } }

    /// The modules that an adapter may change, in counting order: layer by layer q, k, v, o, gate, up, down.
    public var modules: [AdaptedModule] { (0..<layerCount).flatMap(modules(ofLayer:)) }

    func modules(ofLayer layer: Int) -> [AdaptedModule] {
        ModuleKind.allCases.map { kind in
            let (outputs, inputs) =
                switch kind {
                case .query: (headCount * headDimension, hiddenSize)
                case .key, .value: (keyValueHeadCount * headDimension, hiddenSize)
                case .output: (hiddenSize, headCount * headDimension)
                case .gate, .up: (intermediateSize, hiddenSize)
                case .down: (hiddenSize, intermediateSize)
                }
            return AdaptedModule(layer: layer, kind: kind, outputs: outputs, inputs: inputs)
        }
    }
}

/// One fp32 number for every weight of a model: the weights an optimiser changes, their gradient, or its moments.
public final class DenseWeights: Sendable {
    /// Which weight is where.
    public let layout: [ParameterShape]
    private let offsets: [String: Int]
    package let buffer: FloatBuffer

    /// Zeros.
    public init(_ layout: [ParameterShape]) {
        self.layout = layout
        var offset = 0
        var offsets: [String: Int] = [:]
        for entry in layout {
            offsets[entry.name] = offset
            offset += entry.count
        }
        self.offsets = offsets
        buffer = FloatBuffer(count: offset)
    }

    /// The values of all parameters, in the order of `layout`; there must be as many.
    convenience init(_ layout: [ParameterShape], values: [Float]) {
        self.init(layout)
        precondition(values.count == count, "\(values.count) values for \(count) weights")
        values.withUnsafeBufferPointer { values in
            if let start = values.baseAddress { buffer.base.update(from: start, count: count) }
        }
    }

    /// Number of elements.
    public var count: Int { buffer.count }

    /// Where a parameter begins in the buffer; `nil` for one that is not in the layout.
    func offset(of name: String) -> Int? { offsets[name] }

    /// Where a parameter begins. It must be in the layout.
    package func pointer(_ role: ParameterRole) -> Floats { pointer(role.name) }

    private func pointer(_ name: String) -> Floats {
        guard let offset = offsets[name] else { preconditionFailure("no weight \(name) in this layout") }
        return buffer.base + offset
    }

    /// A copy of one weight's elements.
    public func values(_ name: String) -> [Float]? {
        guard let offset = offsets[name], let entry = layout.first(where: { $0.name == name }) else { return nil }
        return Array(UnsafeBufferPointer(start: buffer.base + offset, count: entry.count))
    }

    /// A copy of all elements, in the order of ``layout``.
    package var values: [Float] { Array(UnsafeBufferPointer(start: buffer.base, count: count)) }

    /// Writes one weight's elements; the counts must agree.
    public func set(_ name: String, to values: [Float]) {
        let target = pointer(name)
        precondition(layout.first { $0.name == name }?.count == values.count, "\(name): \(values.count) values")
        for (index, value) in values.enumerated() { target[index] = value }
    }

    /// Sets all elements to zero.
    public func clear() { buffer.base.update(repeating: 0, count: count) }
}
