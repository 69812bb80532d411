import TinyModel
import TinyFoundation

/// All seven modules of `layers` equal layers, small enough to look at.
func modules(layers: Int, hidden: Int = 8, keyValue: Int = 4, feedForward: Int = 12) -> [AdaptedModule] {
    (0..<layers).flatMap { layer in
        ModuleKind.allCases.map { kind in
            let shape: (outputs: Int, inputs: Int) =
                switch kind {
                case .query, .output: (hidden, hidden)
                case .key, .value: (keyValue, hidden)
                case .gate, .up: (feedForward, hidden)
                case .down: (hidden, feedForward)
                }
            return AdaptedModule(layer: layer, kind: kind, outputs: shape.outputs, inputs: shape.inputs)
        }
    }
}

/// Independent normal deviates.
func gaussian(_ count: Int, seed: UInt64) -> [Float] {
    var stream = RandomStream(.initialisation, seed: seed)
    return (0..<count).map { _ in Float(stream.normal()) }
}
