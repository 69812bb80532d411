public import TinyCheckpoint
public import TinyModel

extension AdapterPlan {
    /// All modules of a model in counting order: layer by layer q, k, v, o, gate, up, down.
    public static func modules(of model: ModelConfiguration) -> [AdaptedModule] {
        let attention = model.headCount * model.headDimension
        let keyValue = model.keyValueHeadCount * model.headDimension
        return (0..<model.layerCount).flatMap { layer in
            ModuleKind.allCases.map { kind in
                let (outputs, inputs) =
                    switch kind {
                    case .query: (attention, model.hiddenSize)
                    case .key, .value: (keyValue, model.hiddenSize)
                    case .output: (model.hiddenSize, attention)
                    case .gate, .up: (model.intermediateSize, model.hiddenSize)
                    case .down: (model.hiddenSize, model.intermediateSize)
                    }
                return AdaptedModule(layer: layer, kind: kind, outputs: outputs, inputs: inputs)
            }
        }
    }
}
