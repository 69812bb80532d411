/// A token that is recognised in the text before anything else looks at it.
public struct AddedToken: Sendable, Equatable {
    /// Its id.
    public var id: Int
    /// Its text.
    public var content: String
    /// Whether it stands for structure, such as the end of a text, and is left out when special tokens are skipped.
    public var isSpecial: Bool
    /// Whether it is found only where no word character touches it.
    var isSingleWord: Bool
    /// Whether it swallows the white space before it.
    var stripsLeft: Bool
    /// Whether it swallows the white space after it.
    var stripsRight: Bool
    /// Whether it is looked for in the normalised text rather than in the text as given.
    var isNormalized: Bool

    init(
        id: Int, content: String, isSpecial: Bool = true, isSingleWord: Bool = false, stripsLeft: Bool = false,
        stripsRight: Bool = false, isNormalized: Bool = false
    ) {
        self.id = id
        self.content = content
        self.isSpecial = isSpecial
        self.isSingleWord = isSingleWord
        self.stripsLeft = stripsLeft
        self.stripsRight = stripsRight
        self.isNormalized = isNormalized
    }
}
