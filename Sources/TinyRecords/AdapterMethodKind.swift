import TinyFoundation

/// What is trained.
public enum AdapterMethodKind: String, Sendable, Codable, CaseIterable {
    /// A few numbers that groups of matrices share.
    case tinyLoRA = "tinylora"
    /// A small matrix between the frozen factors of each matrix.
    case loraXS = "lora-xs"
    /// Both factors of each matrix's change.
    case lora
    /// Every weight of the model.
    case full
}

/// Which matrices of each layer are changed, as PEFT writes it: `"all-linear"` or a list such as `["q_proj", "v_proj"]`.
public enum TargetModules: Sendable, Equatable, Codable, CustomStringConvertible {
    /// All seven.
    case allLinear
    /// Those named.
    case list([String])

    /// Names that a list may hold.
    public static let names = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    private static let all = "all-linear"

    /// Reads names separated by commas, or `all-linear`.
    public init(_ text: String) {
        self = text == Self.all ? .allLinear : .list(text.split(separator: ",").map(String.init))
    }

    /// Whether a matrix of this name, such as `q_proj`, is changed.
    public func contains(_ name: String) -> Bool {
        switch self {
        case .allLinear: true
        case .list(let names): names.contains(name)
        }
    }

    /// The same matrices in counting order; ``allLinear`` where they are all seven.
    public var ordered: TargetModules {
        let names = Self.names.filter(contains)
        return names.count == Self.names.count ? .allLinear : .list(names)
    }

    /// Names separated by commas, or `all-linear`.
    public var description: String {
        switch self {
        case .allLinear: Self.all
        case .list(let names): names.joined(separator: ",")
        }
    }

    /// Reads a list, or a text.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let text = try? container.decode(String.self) {
            self.init(text)
        } else {
            self = .list(try container.decode([String].self))
        }
    }

    /// Writes a list, or `all-linear`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .allLinear: try container.encode(Self.all)
        case .list(let names): try container.encode(names)
        }
    }

    func check(_ rules: inout Rules) {
        guard case .list(let names) = self else { return }
        rules.require(!names.isEmpty, "target_modules", "is an empty list")
        for name in names where !Self.names.contains(name) {
            let nearest = nearestName(to: name, in: Self.names).map { ", did you mean \($0)?" } ?? ""
            rules.require(false, "target_modules", "has \"\(name)\", which is not a matrix of a layer\(nearest)")
        }
        rules.require(Set(names).count == names.count, "target_modules", "names a matrix twice")
    }
}
