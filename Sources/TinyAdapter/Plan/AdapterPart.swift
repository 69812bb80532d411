public import TinyModel

/// Numbers of an adapter that belong together: at zero, they leave their modules as they are in the base model.
public struct AdapterPart: Sendable, Hashable {
    /// `group 3` where modules share numbers, `layer 3` where each module has its own.
    public let name: String
    /// Where its numbers are among the adapter's.
    public let numbers: Range<Int>
    /// The modules that they change, in counting order.
    public let modules: [AdaptedModule]
}

extension AdapterPlan {
    /// The groups.
    var parts: [AdapterPart] {
        var members = [[AdaptedModule]](repeating: [], count: groupCount)
        for (module, group) in zip(modules, groups) { members[group].append(module) }
        return members.enumerated().map { group, modules in
            AdapterPart(name: "group \(group)", numbers: group * u..<(group + 1) * u, modules: modules)
        }
    }
}

extension [AdaptedModule] {
    /// The layers, of an adapter that keeps `count` numbers for each module, module after module.
    func layers(numbers count: (AdaptedModule) -> Int) -> [AdapterPart] {
        var layers: [AdapterPart] = [], start = 0
        for members in byLayer {
            let end = members.reduce(start) { $0 + count($1) }
            layers.append(
                AdapterPart(name: "layer \(members[0].layer)", numbers: start..<end, modules: members))
            start = end
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
    /// The same adapter with a part's numbers at zero.
    public func without(_ part: AdapterPart) -> AdapterFile {
        zeroing(noted: "without \(part.name)") { part.numbers.contains($0) }
    }

    /// The same adapter with all numbers but a part's at zero.
    public func only(_ part: AdapterPart) -> AdapterFile {
        zeroing(noted: "only \(part.name)") { !part.numbers.contains($0) }
    }

    private func zeroing(noted note: String, _ isZeroed: (Int) -> Bool) -> AdapterFile {
        var copy = self
        for index in values.indices where isZeroed(index) { copy.values[index] = 0 }
        copy.details["ablation"] = note
        return copy
    }
}
