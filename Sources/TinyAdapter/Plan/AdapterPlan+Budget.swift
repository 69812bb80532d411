public import TinyModel
public import TinyFoundation

extension AdapterPlan {
    /// The best way to spend a number of parameters: first on distinct scalars, then on larger `u`.
    ///
    /// Up to one parameter per module, `u` is 1 and modules are tied in `parameters` groups: tiled by
    /// ⌈modules / parameters⌉ as in the paper where that gives exactly this many groups, else in contiguous groups of
    /// nearly equal size. Beyond, modules are untied and `u = parameters / modules`.
    ///
    /// ```swift
    /// try AdapterPlan.resolving(parameters: 13, modules: modulesOfQwen7B)   // u 1, tiled by 16
    /// ```
    ///
    /// - Parameters:
    ///   - parameters: How many numbers to train, at least 1; a multiple of the number of modules when larger than it.
    ///   - modules: The changed modules, in counting order.
    ///   - rank: How many singular triplets of each weight are used.
    /// - Throws: ``AdapterError`` with code `invalidPlan`; its hint names the nearest budgets that can be spent.
    ///
    /// Source: arXiv:2602.04118 §7, "lower u down to 1 first, only then tie"; group counts as in its Fig. 1.
    public static func resolving(
        parameters: Int, modules: [AdaptedModule], rank: Int = 2
    ) throws(AdapterError) -> AdapterPlan {
        guard parameters >= 1 else {
            throw AdapterError(.invalidPlan, "\(parameters) parameters were asked for, there must be at least 1")
        }
        guard parameters > modules.count else {
            return try AdapterPlan(modules: modules, rank: rank, u: 1, tying: tying(parameters, modules.count))
        }
        guard !modules.isEmpty else { throw AdapterError(.invalidPlan, "a plan needs at least one module") }
        let (u, rest) = parameters.quotientAndRemainder(dividingBy: modules.count)
        guard rest == 0 else {
            let below = parameters - rest
            throw AdapterError(
                .invalidPlan,
                "\(parameters) parameters cannot be shared evenly by \(counted(modules.count, "module"))",
                hint: "nearest: \(below) (u \(u)) or \(below + modules.count) (u \(u + 1))")
        }
        return try AdapterPlan(modules: modules, rank: rank, u: u, tying: .untied)
    }

    private static func tying(_ groups: Int, _ modules: Int) -> Tying {
        if groups == modules { return .untied }
        if groups == 1 { return .full }
        let size = (modules + groups - 1) / groups
        return (modules + size - 1) / size == groups ? .tiled(modulesPerGroup: size) : .contiguous(groups: groups)
    }
}
