import TinyCheckpoint
import TinyFoundation
import TinyModel

extension PEFTTensors {
    /// The LoRA of the file: its numbers as they are, with the scale beside them.
    ///
    /// Modules of lower rank are filled with zeros. Where scales differ, the smallest is that of the adapter, and `B` of another
    /// module takes the quotient of the two: exact for powers of two, else rounded once to fp32. All numbers are fp32 where the
    /// file's type does not hold such a `B`.
    ///
    /// - Parameters:
    ///   - settings: The configuration's.
    ///   - rank: The configuration's.
    ///   - configuration: Its path, for messages.
    func lora(
        _ settings: PEFTConfiguration.LoRA, rank: Int, configuration: String
    ) throws(AdapterError) -> (LoRADesign, [Float], ElementType) {
        let found = try modules([".lora_A.weight", ".lora_B.weight"])
        for (key, pattern) in [("rank_pattern", settings.ranks), ("alpha_pattern", settings.alphas)] {
            guard let name = pattern.misnamed(among: found.map(\.ownName)) else { continue }
            throw AdapterError(
                .unsupportedFeature, "\(key) in \(configuration) names \(name), which is no module of \(path)",
                hint: "the first module there is \(found[0].ownName)")
        }
        var modules: [AdaptedModule] = [], ranks: [Int] = []
        for module in found {
            let a = module.tensors[0].shape, b = module.tensors[1].shape
            let own = settings.ranks.number(of: module.ownName) ?? Double(rank)
            guard a.count == 2, b.count == 2, a[0] >= 1, Double(a[0]) == own, a[0] == b[1] else {
                throw AdapterError(
                    .malformedFile,
                    "\(module.name) has lora_A \(a) and lora_B \(b) in \(path), which make no change of rank "
                        + "\(Int(exactly: own).map(String.init) ?? "\(own)"), which \(configuration) gives it")
            }
            modules.append(AdaptedModule(layer: module.layer, kind: module.kind, outputs: b[0], inputs: a[1]))
            ranks.append(a[0])
        }
        let largest = ranks.max() ?? 1
        // Alphas that give every module its scale at the largest rank.
        let alphas = zip(found, ranks).map { module, rank in
            let alpha = settings.alphas.number(of: module.ownName) ?? settings.alpha
            let scaled = settings.isRankStabilised ? alpha * Double(rank).squareRoot() : alpha
            return scaled * (Double(largest) / Double(rank))
        }
        if let index = alphas.firstIndex(where: { !($0.isFinite && $0 > 0) }) {
            throw AdapterError(
                .unsupportedFeature, "lora_alpha of \(modules[index].name) in \(configuration) is not positive")
        }
        let alpha = alphas.min() ?? 1, design: LoRADesign
        // Before modules are filled up: tensors without numbers may claim any rank.
        do throws(AdapterError) {
            design = try LoRADesign(modules: modules, rank: largest, alpha: alpha)
        } catch {
            throw AdapterError(.malformedFile, "\(path) cannot be used: \(error.message)", underlying: error)
        }
        var values: [Float] = [], type = Self.commonType(found.flatMap(\.tensors))
        for (position, module) in modules.enumerated() {
            let rank = ranks[position], tensors = found[position].tensors, name = found[position].name
            let a = try numbers(tensors[0], name + ".lora_A.weight", shape: [rank, module.inputs])
            var b = try numbers(tensors[1], name + ".lora_B.weight", shape: [module.outputs, rank])
            if alphas[position] != alpha {
                b = Self.scaled(b, by: alphas[position] / alpha)
                guard b.allSatisfy(\.isFinite) else {
                    throw AdapterError(
                        .invalidValues,
                        "\(name).lora_B.weight in \(path) is too large for the scales of \(configuration): "
                            + "\(alphas[position] / Double(largest)) here, \(alpha / Double(largest)) for another module"
                    )
                }
                if !b.allSatisfy({ type.rounded($0) == $0 }) { type = .float32 }
            }
            values += a
            values += [Float](repeating: 0, count: (largest - rank) * module.inputs)
            values += PEFTLoRA.widened(b, rows: module.outputs, from: rank, to: largest)
        }
        return (design, values, type)
    }

    /// Numbers times the quotient of two scales, at least 1. It counts as a power of two where it is one but for the rounding of
    /// scales, which are quotients and square roots themselves.
    private static func scaled(_ numbers: [Float], by factor: Double) -> [Float] {
        let exponent = (factor * 2.0.squareRoot()).exponent  // of the nearest power of two
        let power = Double(sign: .plus, exponent: exponent, significand: 1)
        let exact = (factor / power - 1).magnitude <= 1e-12 ? power : factor
        return numbers.map { Float(Double($0) * exact) }
    }
}
