import TinyFoundation
import TinyModel

extension Tying {
    /// The group of each module.
    ///
    /// Groups are numbered from zero in the order in which their first module appears; none is empty.
    ///
    /// - Throws: ``AdapterError`` with code `invalidPlan` when a count is out of range.
    func groups(of modules: [AdaptedModule]) throws(AdapterError) -> [Int] {
        switch self {
        case .tiled(let modulesPerGroup):
            try check(modulesPerGroup, "modules per group")
            return modules.indices.map { $0 / modulesPerGroup }
        case .contiguous(let groups):
            try check(groups: groups, of: modules)
            let (size, larger) = modules.count.quotientAndRemainder(dividingBy: groups)
            let boundary = larger * (size + 1)
            return modules.indices.map { $0 < boundary ? $0 / (size + 1) : larger + ($0 - boundary) / size }
        case .peft(let groups):
            try check(groups: groups, of: modules)
            let size = modules.count / groups
            return modules.indices.map { min($0 / size, groups - 1) }
        case .structured(let layersPerGroup):
            try check(layersPerGroup, "layers per group")
            return numbered(modules) { [$0.layer / layersPerGroup, $0.kind.rawValue] }
        case .byKind: return numbered(modules) { $0.kind.isAttention }
        case .full: return modules.map { _ in 0 }
        case .untied: return Array(modules.indices)
        }
    }

    private func check(_ count: Int, _ name: String) throws(AdapterError) {
        guard count >= 1 else {
            throw AdapterError(.invalidPlan, "tying \(self): the number of \(name) is \(count), it must be at least 1")
        }
    }

    private func check(groups: Int, of modules: [AdaptedModule]) throws(AdapterError) {
        try check(groups, "groups")
        guard groups <= modules.count else {
            throw AdapterError(
                .invalidPlan, "\(groups) groups were asked for, but there are only \(modules.count) modules")
        }
    }

    private func numbered<Key: Hashable>(_ modules: [AdaptedModule], by key: (AdaptedModule) -> Key) -> [Int] {
        var numbers: [Key: Int] = [:]
        return modules.map { module in
            let key = key(module)
            let number = numbers[key] ?? numbers.count
            numbers[key] = number
            return number
        }
    }

    /// In words, as part of a plan's description.
    var phrase: String {
        switch self {
        case .tiled(let count): "tiled by \(count)"
        case .contiguous: "contiguous"
        case .peft: "as PEFT ties"
        case .structured(let count): "structured by \(counted(count, "layer"))"
        case .byKind: "attention / MLP"
        case .full: "all tied"
        case .untied: "untied"
        }
    }
}
