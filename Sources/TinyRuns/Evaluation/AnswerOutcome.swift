import TinyEngine
import TinyProblems

/// What became of one answer. An answer that is wrong may be so for reasons that have nothing to do with reasoning, and the
/// outcomes tell them apart.
public enum AnswerOutcome: String, Sendable, Codable, CodingKeyRepresentable, CaseIterable {
    /// Right, in the requested format.
    case right
    /// Right, but not in the requested format.
    case otherFormat = "other_format"
    /// Not right, and cut off at the token limit or the end of the context.
    case cut
    /// It came to its own end and has no answer.
    case noAnswer = "no_answer"
    /// It came to its own end with another answer.
    case wrong
}

extension EvaluatedSample {
    /// What became of it.
    public var outcome: AnswerOutcome {
        if grade.strict { return .right }
        if grade.lenient { return .otherFormat }
        if !stop.isEnd { return .cut }
        return grade.isAnswered ? .wrong : .noAnswer
    }
}
