import TinyCheckpoint
import TinyFoundation
import TinyModel

extension PEFTTensors {
    /// The LoRA of the file: its numbers as they are, with the scale beside them.
    ///
    /// Modules of lower rank are filled with zeros. Where scales differ, `B` takes what a module's scale is more than the
    /// smallest, if that is a power of two and therefore exact.
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
        let largest = ranks.max() ?? 1, type = Self.commonType(found.flatMap(\.tensors))
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
        let alpha = alphas.min() ?? 1
        var values: [Float] = []
        for (position, module) in modules.enumerated() {
            let rank = ranks[position], tensors = found[position].tensors, name = found[position].name
            let a = try numbers(tensors[0], name + ".lora_A.weight", shape: [rank, module.inputs])
            var b = try numbers(tensors[1], name + ".lora_B.weight", shape: [module.outputs, rank])
            if alphas[position] != alpha {
                guard let scaled = Self.scaled(b, by: alphas[position] / alpha, type) else {
                    throw AdapterError(
                        .unsupportedFeature,
                        "\(configuration) scales \(modules[position].name) by \(alphas[position] / Double(largest)) and "
                            + "another module by \(alpha / Double(largest)), which one lora_alpha cannot express exactly"
                    )
                }
                b = scaled
            }
            values += a
            values += [Float](repeating: 0, count: (largest - rank) * module.inputs)
            values += PEFTLoRA.widened(b, rows: module.outputs, from: rank, to: largest)
        }
        do throws(AdapterError) {
            return (try LoRADesign(modules: modules, rank: largest, alpha: alpha), values, type)
        } catch {
            throw AdapterError(.malformedFile, "\(path) cannot be used: \(error.message)", underlying: error)
        }
    }

    /// Numbers times a power of two, in their type; `nil` where that is not exact. A factor counts as a power of two where it
    /// is one but for the rounding of scales, which are quotients and square roots.
    private static func scaled(_ numbers: [Float], by factor: Double, _ type: ElementType) -> [Float]? {
        guard factor.isNormal else { return nil }
        let exponent = (factor * 2.0.squareRoot()).exponent  // of the nearest power of two
        let power = Double(sign: .plus, exponent: exponent, significand: 1)
        guard (factor / power - 1).magnitude <= 1e-12 else { return nil }
        if exponent == 0 { return numbers }
        var scaled: [Float] = []
        scaled.reserveCapacity(numbers.count)
        for number in numbers {
            let product = Float(Double(number) * power)
            guard type.rounded(product) == product, Double(product) == Double(number) * power else { return nil }
            scaled.append(product)
        }
        return scaled
    }
}
