package import TinyCheckpoint
import TinyFoundation

extension LanguageModel {
    /// A model that costs what a real one of this shape costs and says nothing: random bf16 matrices, norms 1, biases 0.
    ///
    /// For benchmarks. The matrices repeat a table of 65 521 draws from N(0, 0.02²), so that making one takes no longer
    /// than packing it.
    package convenience init(randomWeightsOf configuration: ModelConfiguration) throws(CheckpointError) {
        try self.init(configuration, source: RandomSource())
    }
}

private struct RandomSource: WeightSource {
    private let table: [UInt16]

    init() {
        var stream = RandomStream(.initialisation, seed: 1)
        table = (0..<65_521).map { _ in BFloat16(Float(0.02 * stream.normal())).bits }
    }

    func floats(_ name: String, _ shape: [Int]) -> [Float] {
        [Float](repeating: name.hasSuffix("norm.weight") ? 1 : 0, count: shape.reduce(1, *))
    }

    func bfloat16(_ name: String, _ shape: [Int]) -> [UInt16]? {
        let count = shape.reduce(1, *)
        var all: [UInt16] = []
        all.reserveCapacity(count)
        while all.count < count { all.append(contentsOf: table.prefix(count - all.count)) }
        return all
    }
}
