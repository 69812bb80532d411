public import TinyRecords
public import TinyFoundation

extension StoredType {
    /// The element type of the same format.
    public var elementType: ElementType {
        switch self {
        case .float32: .float32
        case .bfloat16: .bfloat16
        case .float16: .float16
        }
    }
}
