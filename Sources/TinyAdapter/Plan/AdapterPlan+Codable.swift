import TinyModel

/// Modules of one kind and one shape, as plans write them: seven lines for a whole model instead of one per module.
private struct ModuleSpan: Codable {
    /// Such as `self_attn.q_proj`.
    var name: String
    /// `[outputs, inputs]`.
    var shape: [Int]
    /// Closed ranges of layers, `[first, last]`, ascending.
    var layers: [[Int]]
}

extension AdapterPlan: Codable {
    private enum CodingKeys: String, CodingKey {
        case modules, rank, u, tying
    }

    /// Reads a plan and resolves its groups again.
    ///
    /// - Throws: `DecodingError` with the sentence of the ``AdapterError`` when the values make no plan.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        do {
            let spans = try container.decode([ModuleSpan].self, forKey: .modules)
            try self.init(
                modules: Self.modules(spans), rank: container.decode(Int.self, forKey: .rank),
                u: container.decode(Int.self, forKey: .u), tying: container.decode(Tying.self, forKey: .tying))
        } catch let error as AdapterError {
            throw DecodingError.dataCorrupted(
                .init(codingPath: container.codingPath, debugDescription: error.message, underlyingError: error))
        }
    }

    /// Writes what ``init(from:)`` needs; groups follow from it.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(Self.spans(modules), forKey: .modules)
        try container.encode(rank, forKey: .rank)
        try container.encode(u, forKey: .u)
        try container.encode(tying, forKey: .tying)
    }

    private static func spans(_ modules: [AdaptedModule]) -> [ModuleSpan] {
        var spans: [ModuleSpan] = []
        for module in modules {
            let shape = [module.outputs, module.inputs]
            guard let place = spans.firstIndex(where: { $0.name == module.kind.name && $0.shape == shape }) else {
                spans.append(ModuleSpan(name: module.kind.name, shape: shape, layers: [[module.layer, module.layer]]))
                continue
            }
            let last = spans[place].layers.count - 1
            if spans[place].layers[last][1] == module.layer - 1 {
                spans[place].layers[last][1] = module.layer
            } else {
                spans[place].layers.append([module.layer, module.layer])
            }
        }
        return spans
    }

    private static func modules(_ spans: [ModuleSpan]) throws(AdapterError) -> [AdaptedModule] {
        var modules: [AdaptedModule] = []
        for span in spans {
            guard let kind = ModuleKind.allCases.first(where: { $0.name == span.name }) else {
                throw AdapterError(.invalidPlan, "\(span.name) is no module that an adapter can change")
            }
            guard span.shape.count == 2 else {
                throw AdapterError(.invalidPlan, "the shape of \(span.name) is \(span.shape), it must have two numbers")
            }
            for range in span.layers {
                guard range.count == 2, range[0] >= 0, range[0] <= range[1], range[1] < largestLayer else {
                    throw AdapterError(.invalidPlan, "\(range) is no range of layers of \(span.name)")
                }
                for layer in range[0]...range[1] {
                    modules.append(
                        AdaptedModule(layer: layer, kind: kind, outputs: span.shape[0], inputs: span.shape[1]))
                }
                guard modules.count <= largestLayer else {
                    throw AdapterError(.invalidPlan, "a plan lists more than \(largestLayer) modules")
                }
            }
        }
        return modules.sorted { $0.index < $1.index }
    }
}
