import TinyModel
import TinyFoundation

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
