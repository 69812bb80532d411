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

    /// How many numbers the projections of all modules have.
    public var projectionCount: Int { modules.count * u * rank * rank }

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

    /// No transformer has a million layers; the bound protects against damaged or malicious files.
    static let largestLayer = 1 << 20
}

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

extension AdapterPlan: Codable {
    private enum CodingKeys: String, CodingKey {
        case modules, rank, u, tying
    }

    /// Reads a plan and resolves its groups again.
    ///
    /// - Throws: `DecodingError` with the sentence of the ``AdapterError`` when the values make no plan.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        do {
            let list = try container.decode(ModuleList.self, forKey: .modules)
            try self.init(
                modules: list.modules, rank: container.decode(Int.self, forKey: .rank),
                u: container.decode(Int.self, forKey: .u), tying: container.decode(Tying.self, forKey: .tying))
        } catch let error as AdapterError {
            throw DecodingError.dataCorrupted(
                .init(codingPath: container.codingPath, debugDescription: error.message, underlyingError: error))
        }
    }

    /// Writes what ``init(from:)`` needs; groups follow from it.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(ModuleList(modules), forKey: .modules)
        try container.encode(rank, forKey: .rank)
        try container.encode(u, forKey: .u)
        try container.encode(tying, forKey: .tying)
    }
}
