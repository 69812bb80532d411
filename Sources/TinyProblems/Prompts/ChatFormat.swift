/// One turn of a conversation.
public struct ChatMessage: Sendable, Hashable {
    /// Who speaks.
    public enum Role: String, Sendable, Codable {
        /// Whoever set the model to work.
        case system
        /// Whoever asks.
        case user
        /// The model.
        case assistant
    }

    /// Who speaks.
    public var role: Role
    /// What is said.
    public var content: String

    /// Makes a turn.
    public init(_ role: Role, _ content: String) {
        self.role = role
        self.content = content
    }
}

/// How a model was taught to see a conversation as text.
public protocol ChatFormat: Sendable {
    /// The text of a conversation, up to where the model's next answer begins.
    ///
    /// - Throws: Whatever the format has to say against the conversation.
    func text(of messages: [ChatMessage]) throws -> String
}
