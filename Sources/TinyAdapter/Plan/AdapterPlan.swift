public import TinyModel
public import TinyFoundation

/// Which modules are changed, through how many numbers, and which modules share them.
///
/// ```swift
/// let plan = try AdapterPlan(modules: modules, rank: 2, u: 1, tying: .tiled(modulesPerGroup: 16))
/// print(plan)     // 13 parameters · u 1 · rank 2 · 196 modules in 13 groups (tiled by 16)
/// ```
///
/// The trained numbers are stored as `[groupCount, u]`, groups first.
public struct AdapterPlan: Sendable, Hashable, CustomStringConvertible {
    /// The changed modules, in counting order.
    public let modules: [AdaptedModule]
    /// How many singular triplets of each weight are used. Range: `1 ... ` the smallest dimension of any module.
    public let rank: Int
    /// Numbers per group. More than `rank²` per untied module add nothing that fewer could not express.
    public let u: Int
    /// How modules share numbers.
    public let tying: Tying
    /// The group of each module, in the order of ``modules``.
    public let groups: [Int]
    /// How many groups there are.
    public let groupCount: Int

    /// How many numbers are trained.
    public var parameterCount: Int { groupCount * u }

    /// Most projection entries a plan may need, 8 GiB of them: a larger plan is a mistyped one.
    private static let largestProjection = 1 << 31

    /// Checks and resolves a plan.
    ///
    /// - Parameters:
    ///   - modules: Not empty, in counting order, each at most once.
    ///   - rank: How many singular triplets of each weight are used.
    ///   - u: Numbers per group.
    ///   - tying: How modules share numbers.
    /// - Throws: ``AdapterError`` with code `invalidPlan`.
    public init(modules: [AdaptedModule], rank: Int = 2, u: Int = 1, tying: Tying) throws(AdapterError) {
        try modules.check(rank: rank)
        guard u >= 1 else { throw AdapterError(.invalidPlan, "u is \(u), it must be at least 1") }
        let entries = (rank * rank).multipliedReportingOverflow(by: modules.count)
        let total = entries.partialValue.multipliedReportingOverflow(by: u)
        guard !entries.overflow, !total.overflow, total.partialValue <= Self.largestProjection else {
            throw AdapterError(
                .invalidPlan,
                "u \(u) at rank \(rank) on \(counted(modules.count, "module")) needs more than \(Self.largestProjection) "
                    + "projection entries")
        }
        groups = try tying.groups(of: modules)
        groupCount = (groups.max() ?? -1) + 1
        self.modules = modules
        self.rank = rank
        self.u = u
        self.tying = tying
    }

    /// As shown to people: `13 parameters · u 1 · rank 2 · 196 modules in 13 groups (tiled by 16)`.
    public var description: String {
        "\(counted(parameterCount, "parameter")) · u \(u) · rank \(rank) · "
            + "\(counted(modules.count, "module")) in \(counted(groupCount, "group")) (\(tying.phrase))"
    }

    /// No transformer has a million layers; the bound keeps a hostile file from asking for them.
    static let largestLayer = 1 << 20
}
