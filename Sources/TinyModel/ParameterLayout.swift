public import TinyCheckpoint
package import TinyTensor

/// Name and shape of one weight, as Hugging Face checkpoints have it.
public struct ParameterShape: Sendable, Hashable {
    /// Such as `model.layers.0.mlp.up_proj.weight`.
    public let name: String
    /// `[outputs, inputs]`, or `[size]` for norms and biases.
    public let shape: [Int]

    /// Names a shape.
    public init(name: String, shape: [Int]) {
        self.name = name
        self.shape = shape
    }

    /// Number of elements.
    public var count: Int { shape.reduce(1, *) }
    /// Whether weight decay applies: matrices decay, norms and biases do not.
    public var isMatrix: Bool { shape.count > 1 }
}

extension ModelConfiguration {
    /// Every weight of the model, in the order of its layers. A tied head is the embedding and is not listed again.
    public var parameterShapes: [ParameterShape] {
        func entry(_ name: String, _ shape: Int...) -> ParameterShape { ParameterShape(name: name, shape: shape) }
        var all = [entry("model.embed_tokens.weight", vocabularySize, hiddenSize)]
        for layer in 0..<layerCount {
            let prefix = "model.layers.\(layer)."
            all.append(entry(prefix + "input_layernorm.weight", hiddenSize))
            for module in modules(ofLayer: layer) {
                all.append(entry(module.name + ".weight", module.outputs, module.inputs))
                if hasAttentionBias && module.kind.isAttention && module.kind != .output {
                    all.append(entry(module.name + ".bias", module.outputs))
                }
            }
            all.append(entry(prefix + "post_attention_layernorm.weight", hiddenSize))
        }
        all.append(entry("model.norm.weight", hiddenSize))
        if !tiesEmbeddings { all.append(entry("lm_head.weight", vocabularySize, hiddenSize)) }
        return all
    }

    /// Number of weights, a tied head counted once.
    public var parameterCount: Int { parameterShapes.reduce(0) { $0 + $1.count } }

    /// The modules that an adapter may change, in counting order.
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

    /// Number of elements.
    public var count: Int { buffer.count }

    /// Where the weight of this name begins. The name must be in the layout.
    package func pointer(_ name: String) -> Floats {
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
