public import TinyModel

/// Numbers of an adapter that can be left out together: with all of them zero, the modules that they change are as in the base model.
public struct AdapterPart: Sendable, Hashable {
    /// `group 3` where modules share numbers, `layer 3` where each module has its own.
    public let name: String
    /// Where its numbers are among the adapter's, ascending. Of LoRA these are `B`'s, which is zero in an untrained adapter.
    public let numbers: [Range<Int>]
    /// The modules that they change, in counting order.
    public let modules: [AdaptedModule]

    /// How many numbers it has.
    public var count: Int { numbers.reduce(0) { $0 + $1.count } }

    /// Its numbers in an adapter.
    public func values(in adapter: AdapterFile) -> [Float] { numbers.flatMap { adapter.values[$0] } }

    /// The modules in a few words: `layers 0-1`, `layer 2 gate_proj, up_proj`, `layer 3 down_proj to 4 q_proj`.
    public var place: String {
        guard let first = modules.first, let last = modules.last else { return "" }
        let layers = Set(modules.map(\.layer)), kinds = modules.kinds
        let span =
            first.layer == last.layer
            ? "layer \(first.layer)"
            : layers.count == last.layer - first.layer + 1
                ? "layers \(first.layer)-\(last.layer)" : "\(layers.count) layers of \(first.layer)-\(last.layer)"
        if layers.count * kinds.count == modules.count {
            let all = kinds.count == ModuleKind.allCases.count
            return span + (all ? "" : " " + kinds.map(\.suffix).joined(separator: ", "))
        }
        if last.index - first.index + 1 == modules.count {
            return "layer \(first.layer) \(first.kind.suffix) to \(last.layer) \(last.kind.suffix)"
        }
        return "\(modules.count) modules, \(span)"
    }
}

extension AdapterDesign {
    /// All of ``parts`` as one, or `nil` where there are none.
    public var wholePart: AdapterPart? {
        guard !parts.isEmpty else { return nil }
        return AdapterPart(name: "all", numbers: parts.flatMap(\.numbers), modules: modules)
    }
}

extension AdapterPlan {
    /// The groups.
    var parts: [AdapterPart] {
        var members = [[AdaptedModule]](repeating: [], count: groupCount)
        for (module, group) in zip(modules, groups) { members[group].append(module) }
        return members.enumerated().map { group, modules in
            AdapterPart(name: "group \(group)", numbers: [group * u..<(group + 1) * u], modules: modules)
        }
    }
}

extension [AdaptedModule] {
    /// The layers of an adapter whose modules keep their numbers one after the other.
    ///
    /// - Parameter counts: How many numbers of a module are not zero in the base model, and then how many are.
    func layers(counts: (AdaptedModule) -> (kept: Int, zeroed: Int)) -> [AdapterPart] {
        var layers: [AdapterPart] = [], start = 0
        for members in byLayer {
            let numbers = members.map { module in
                let count = counts(module)
                defer { start += count.kept + count.zeroed }
                return start + count.kept..<start + count.kept + count.zeroed
            }
            layers.append(AdapterPart(name: "layer \(members[0].layer)", numbers: numbers, modules: members))
        }
        return layers
    }

    /// The modules of each layer; they are in counting order.
    private var byLayer: [[AdaptedModule]] {
        reduce(into: []) { layers, module in
            if layers.last?.last?.layer == module.layer {
                layers[layers.count - 1].append(module)
            } else {
                layers.append([module])
            }
        }
    }
}

extension AdapterFile {
    /// The same adapter with some parts' numbers at zero.
    ///
    /// - Parameter note: Why, as a detail of the adapter.
    public func zeroing(_ parts: [AdapterPart], note: String) -> AdapterFile {
        var copy = self
        for index in parts.flatMap(\.numbers).joined() { copy.values[index] = 0 }
        copy.details["ablation"] = note
        return copy
    }

    /// The same adapter with a part's numbers multiplied by a factor and rounded to ``elementType``. Multiplying all parts multiplies the
    /// change of every weight by the factor; of a LoRA only `B` is multiplied.
    ///
    /// - Parameter note: Why, as a detail of the adapter.
    /// - Throws: ``AdapterError`` with code `invalidValues` where a product is too large for the type.
    public func scaling(_ part: AdapterPart, by factor: Float, note: String) throws(AdapterError) -> AdapterFile {
        var values = values, details = details
        for index in part.numbers.joined() { values[index] *= factor }
        details["ablation"] = note
        return try AdapterFile(
            design: design, baseModel: baseModel, values: values, elementType: elementType, arithmetic: notedArithmetic,
            toolVersion: toolVersion, details: details)
    }
}
