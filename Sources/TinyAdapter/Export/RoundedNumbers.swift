import TinyFoundation
import TinyModel

extension AdaptedModule {
    /// The module's numbers as they are, after checking that the type they are stored in holds them: fp16 ends at 65504.
    ///
    /// - Throws: ``AdapterError`` with code `invalidValues` for a number that would become infinite.
    func storable(_ numbers: [Float], as type: ElementType) throws(AdapterError) -> [Float] {
        guard type != .float32, let large = numbers.first(where: { !type.rounded($0).isFinite }) else { return numbers }
        throw AdapterError(
            .invalidValues, "\(name) has the number \(large), which \(type.rawValue) does not hold",
            hint: type == .float16 ? "export it in fp32 or bf16" : "export it in fp32")
    }
}
