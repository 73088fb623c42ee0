using System;
using System.Collections.Generic;
using System.Linq;
using Mono.Cecil;

namespace CoreEngine.Tidy;

/// <summary>The public surface of an assembly as sorted lines: what a host can name.</summary>
internal static class PublicSurface
{
    private const string Services = "System.Runtime.CompilerServices";
    private const string CompilerGenerated = $"{Services}.CompilerGeneratedAttribute";

    internal static IEnumerable<string> Of(ModuleDefinition module) => module.GetTypes()
        .Where(IsVisible)
        .SelectMany(type => Members(type).Select(member => $"{Name(type)}.{member}").Prepend(Declaration(type)))
        .Order(StringComparer.Ordinal);

    /// <summary>Lines with a minus were expected and are gone, lines with a plus are new.</summary>
    internal static IReadOnlyList<string> Difference(IReadOnlyList<string> expected, IReadOnlyList<string> actual) =>
    [
        .. expected.Except(actual).Select(line => $"- {line}"),
        .. actual.Except(expected).Select(line => $"+ {line}"),
    ];

    private static bool IsVisible(TypeDefinition type) =>
        (type.IsPublic || type.IsNestedPublic || type.IsNestedFamily || type.IsNestedFamilyOrAssembly)
        && (type.DeclaringType is null || IsVisible(type.DeclaringType));

    private static string Declaration(TypeDefinition type)
    {
        IEnumerable<string> above = type.Interfaces
            .Where(item => type.IsInterface || !type.IsEnum)
            .Select(item => Short(item.InterfaceType))
            .Order(StringComparer.Ordinal);
        if (type.BaseType is { FullName: not ("System.Object" or "System.ValueType" or "System.Enum") } parent)
        {
            above = above.Prepend(Short(parent));
        }

        string[] list = type.IsEnum ? [Short(UnderlyingType(type))] : [.. above];
        return list.Length == 0
            ? $"{Name(type)} : {Kind(type)}"
            : $"{Name(type)} : {Kind(type)}, {string.Join(", ", list)}";
    }

    private static string Kind(TypeDefinition type)
    {
        if (type.IsEnum)
        {
            return "enum";
        }

        if (type.IsInterface)
        {
            return "interface";
        }

        if (type.IsValueType)
        {
            string readOnly = Has(type, $"{Services}.IsReadOnlyAttribute") ? "readonly " : string.Empty;
            string byRef = Has(type, $"{Services}.IsByRefLikeAttribute") ? "ref " : string.Empty;
            return $"{readOnly}{byRef}struct";
        }

        if (type.IsAbstract && type.IsSealed)
        {
            return "static class";
        }

        string form = type.IsSealed ? "sealed " : string.Empty;
        return type.IsAbstract ? "abstract class" : $"{form}class";
    }

    private static IEnumerable<string> Members(TypeDefinition type)
    {
        IEnumerable<string> fields = type.Fields
            .Where(field => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly)
            .Where(field => !field.IsSpecialName)
            .Select(Field);
        IEnumerable<string> properties = type.Properties
            .Where(property => Accessors(property).Length > 0 && property.Name != "EqualityContract")
            .Select(Property);
        IEnumerable<string> events = type.Events
            .Where(item => IsVisible(item.AddMethod))
            .Select(item => $"{item.Name} : event {Short(item.EventType)}");
        IEnumerable<string> methods = type.Methods
            .Where(IsVisible)
            .Where(method => !method.IsGetter && !method.IsSetter && !method.IsAddOn && !method.IsRemoveOn)
            .Where(method => !Has(method, CompilerGenerated) && !method.Name.StartsWith('<'))
            .Select(Method);
        return fields.Concat(properties).Concat(events).Concat(methods);
    }

    private static string Field(FieldDefinition field)
    {
        string form = field.HasConstant ? "const " : field.IsInitOnly ? "readonly " : string.Empty;
        string value = field.HasConstant ? $" = {field.Constant}" : string.Empty;
        return field.DeclaringType.IsEnum
            ? $"{field.Name}{value}"
            : $"{field.Name} : {form}{Short(field.FieldType)}{value}";
    }

    private static string Property(PropertyDefinition property)
    {
        string required = Has(property, $"{Services}.RequiredMemberAttribute") ? "required " : string.Empty;
        string form = property.GetMethod is { IsStatic: true } ? "static " : string.Empty;
        string parameters = Parameters(property.Parameters, "[", "]");
        return $"{form}{property.Name}{parameters} : {required}{Short(property.PropertyType)} "
            + $"{{ {string.Join(" ", Accessors(property))} }}";
    }

    private static string[] Accessors(PropertyDefinition property)
    {
        var accessors = new List<string>(2);
        if (property.GetMethod is { } getter && IsVisible(getter))
        {
            accessors.Add("get;");
        }

        if (property.SetMethod is { } setter && IsVisible(setter))
        {
            bool isInit = setter.ReturnType is RequiredModifierType { ModifierType.Name: "IsExternalInit" };
            accessors.Add(isInit ? "init;" : "set;");
        }

        return [.. accessors];
    }

    private static string Method(MethodDefinition method)
    {
        string name = method.IsConstructor ? "new" : method.Name;
        string generic = method.HasGenericParameters
            ? $"<{string.Join(", ", method.GenericParameters.Select(parameter => parameter.Name))}>"
            : string.Empty;
        string result = method.IsConstructor ? string.Empty : $" : {Short(method.ReturnType)}";
        string form = method.IsStatic && !method.IsConstructor ? "static " : string.Empty;
        return $"{form}{name}{generic}{Parameters(method.Parameters, "(", ")")}{result}";
    }

    private static string Parameters(IEnumerable<ParameterDefinition> parameters, string open, string close)
    {
        string list = string.Join(", ", parameters.Select(Parameter));
        return list.Length == 0 && open == "[" ? string.Empty : $"{open}{list}{close}";
    }

    private static string Parameter(ParameterDefinition parameter)
    {
        string way = !parameter.ParameterType.IsByReference ? string.Empty
            : parameter.IsOut ? "out "
            : parameter.IsIn ? "in "
            : "ref ";
        return $"{way}{Short(parameter.ParameterType)} {parameter.Name}{(parameter.IsOptional ? " = default" : "")}";
    }

    private static bool IsVisible(MethodDefinition method) =>
        method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static bool Has(ICustomAttributeProvider item, string attribute) =>
        item.CustomAttributes.Any(found => found.AttributeType.FullName == attribute);

    private static TypeReference UnderlyingType(TypeDefinition type) =>
        type.Fields.Single(field => field.IsSpecialName).FieldType;

    private static string Name(TypeReference type)
    {
        string own = type.Name.Split('`')[0];
        string generic = type.HasGenericParameters
            ? $"<{string.Join(", ", type.GenericParameters.Select(parameter => parameter.Name))}>"
            : string.Empty;
        string outer = type.DeclaringType is null ? type.Namespace : Name(type.DeclaringType);
        return $"{outer}.{own}{generic}";
    }

    /// <summary>A type as a signature reads it, without namespaces.</summary>
    private static string Short(TypeReference type) => type switch
    {
        ByReferenceType reference => Short(reference.ElementType),
        ArrayType array => $"{Short(array.ElementType)}[]",
        PointerType pointer => $"{Short(pointer.ElementType)}*",
        IModifierType modified => Short(modified.ElementType),
        GenericInstanceType { Name: "Nullable`1" } nullable => $"{Short(nullable.GenericArguments[0])}?",
        GenericInstanceType generic =>
            $"{generic.Name.Split('`')[0]}<{string.Join(", ", generic.GenericArguments.Select(Short))}>",
        _ => type.Namespace == "System" ? Keyword(type.Name) : type.Name,
    };

    private static string Keyword(string name) => name switch
    {
        "Boolean" => "bool",
        "Byte" => "byte",
        "Char" => "char",
        "Int32" => "int",
        "Int64" => "long",
        "UInt16" => "ushort",
        "UInt32" => "uint",
        "UInt64" => "ulong",
        "Double" => "double",
        "String" => "string",
        "Object" => "object",
        "Void" => "void",
        _ => name,
    };
}
