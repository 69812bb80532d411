import TinyModel
import TinyFoundation

/// Modules of one kind and one shape, as plans write them: seven lines for a whole model instead of one per module.
private struct ModuleSpan: Codable {
    /// Such as `self_attn.q_proj`.
    var name: String
    /// `[outputs, inputs]`.
    var shape: [Int]
    /// Closed ranges of layers, `[first, last]`, ascending.
    var layers: [[Int]]
}

/// Modules as files write them: seven lines for a whole model instead of one per module.
struct ModuleList: Codable {
    /// In counting order.
    let modules: [AdaptedModule]

    init(_ modules: [AdaptedModule]) { self.modules = modules }

    /// Reads the lines.
    ///
    /// - Throws: ``AdapterError`` with code `invalidPlan` when a line is impossible.
    init(from decoder: any Decoder) throws {
        modules = try Self.modules([ModuleSpan](from: decoder))
    }

    func encode(to encoder: any Encoder) throws { try Self.spans(modules).encode(to: encoder) }

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
                guard range.count == 2, range[0] >= 0, range[0] <= range[1], range[1] < AdapterPlan.largestLayer else {
                    throw AdapterError(.invalidPlan, "\(range) is no range of layers of \(span.name)")
                }
                for layer in range[0]...range[1] {
                    modules.append(
                        AdaptedModule(layer: layer, kind: kind, outputs: span.shape[0], inputs: span.shape[1]))
                }
                guard modules.count <= AdapterPlan.largestLayer else {
                    throw AdapterError(.invalidPlan, "a plan lists more than \(AdapterPlan.largestLayer) modules")
                }
            }
        }
        return modules.sorted { $0.index < $1.index }
    }
}
