/// What a rendering may still use. Whatever a template does takes from it, so that none runs for ever or fills the
/// memory.
final class TemplateBudget {
    private let limits: ChatTemplate.Limits
    private var steps: Int
    private var bytes: Int

    init(_ limits: ChatTemplate.Limits) {
        self.limits = limits
        steps = limits.steps
        bytes = limits.bytes
    }

    /// Takes some steps; one is about the evaluation of a name.
    @inline(__always)
    func spend(_ count: Int) throws {
        steps -= min(count, limits.steps)
        if steps < 0 { throw exhausted() }
    }

    /// Takes room for a text or list of so many bytes, before it is made.
    func build(_ count: Int) throws {
        guard count <= bytes else {
            throw TemplateError(
                .limitExceeded, "the template builds more than \(limits.bytes) bytes of text and lists",
                hint: "a larger ChatTemplate.Limits.bytes allows it")
        }
        bytes -= count
        try spend(count / 32)
    }

    /// Takes room for `count` pieces of `size` bytes.
    func build(_ count: Int, times size: Int) throws {
        let (total, overflow) = max(count, 0).multipliedReportingOverflow(by: max(size, 0))
        try build(overflow ? .max : total)
    }

    @inline(never)
    private func exhausted() -> TemplateError {
        TemplateError(
            .limitExceeded, "the template takes more than \(limits.steps) steps",
            hint: "a larger ChatTemplate.Limits.steps allows it")
    }
}
