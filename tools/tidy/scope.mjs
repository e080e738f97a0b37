// Finds the names a file uses without declaring them: what it takes from its environment.

import { children, walk } from "./source.mjs";

/** @import { Node } from "./source.mjs" */

const FUNCTIONS = new Set(["FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression"]);
const SIGNATURES = [
  "TSDeclareFunction",
  "TSEmptyBodyFunctionExpression",
  "TSFunctionType",
  "TSConstructorType",
  "TSMethodSignature",
  "TSCallSignatureDeclaration",
  "TSConstructSignatureDeclaration",
];
const SCOPES = new Set([
  ...FUNCTIONS,
  ...SIGNATURES,
  "Program",
  "BlockStatement",
  "ForStatement",
  "ForInStatement",
  "ForOfStatement",
  "SwitchStatement",
  "CatchClause",
  "ClassDeclaration",
  "ClassExpression",
  "StaticBlock",
  "TSInterfaceDeclaration",
  "TSTypeAliasDeclaration",
  "TSMappedType",
]);

/**
 * Calls `found` for every identifier that no enclosing scope declares, in type positions too. Keys and member names are
 * no identifiers in this sense.
 *
 * @param {Node} program
 * @param {(identifier: Node, parent: Node) => void} found
 */
export function freeIdentifiers(program, found) {
  visit(program, undefined, [], found);
}

/**
 * @param {Node} node
 * @param {Node | undefined} parent
 * @param {Set<string>[]} scopes Innermost last.
 * @param {(identifier: Node, parent: Node) => void} found
 */
function visit(node, parent, scopes, found) {
  const inner = SCOPES.has(node.type) ? [...scopes, declaredIn(node)] : scopes;
  if (node.type === "Identifier" && parent !== undefined && !isName(node, parent)) {
    if (!inner.some((scope) => scope.has(node.name))) found(node, parent);
  }
  for (const child of children(node)) visit(child, node, inner, found);
}

/**
 * Tells whether an identifier is a label for something (a key, a member, an import's far name) and no reference.
 *
 * @param {Node} node
 * @param {Node} parent
 */
function isName(node, parent) {
  switch (parent.type) {
    case "MemberExpression":
      return parent.property === node && !parent.computed;
    case "Property":
      return parent.key === node && !parent.computed && !parent.shorthand;
    case "MethodDefinition":
    case "PropertyDefinition":
    case "AccessorProperty":
    case "TSPropertySignature":
    case "TSMethodSignature":
    case "TSAbstractMethodDefinition":
    case "TSAbstractPropertyDefinition":
      return parent.key === node && !parent.computed;
    case "TSQualifiedName":
      return parent.right === node;
    case "ImportSpecifier":
    case "ExportSpecifier":
    case "ExportAllDeclaration":
    case "LabeledStatement":
    case "BreakStatement":
    case "ContinueStatement":
    case "MetaProperty":
    case "TSImportType":
    case "TSNamedTupleMember":
    case "TSTypePredicate":
      return true;
    default:
      return false;
  }
}

/**
 * Collects what a scope declares: parameters, of types too, its own block's declarations, and for functions and files every `var`.
 *
 * @param {Node} scope
 * @returns {Set<string>}
 */
function declaredIn(scope) {
  /** @type {Set<string>} */
  const names = new Set();
  if (scope.id) bind(scope.id, names);
  for (const parameter of scope.params ?? []) bind(parameter, names);
  for (const { name } of scope.typeParameters?.params ?? []) bind(name, names);
  if (scope.type === "TSMappedType") bind(scope.key, names);
  if (scope.param) bind(scope.param, names);
  for (const statement of statementsOf(scope)) declare(statement, names);
  if (FUNCTIONS.has(scope.type)) walk(scope.body, (node) => declareVar(node, names));
  if (scope.type === "Program") walk(scope, (node) => declareVar(node, names));
  return names;
}

/** @param {Node} scope @returns {Node[]} */
function statementsOf(scope) {
  switch (scope.type) {
    case "Program":
    case "BlockStatement":
    case "StaticBlock":
      return scope.body;
    case "SwitchStatement":
      return scope.cases.flatMap((/** @type {Node} */ option) => option.consequent);
    default:
      return [scope.init, scope.left].filter((node) => node?.type === "VariableDeclaration");
  }
}

/** @param {Node} statement @param {Set<string>} names */
function declare(statement, names) {
  const node = statement.declaration ?? statement;
  switch (node.type) {
    case "ImportDeclaration":
      for (const { local } of node.specifiers) bind(local, names);
      break;
    case "VariableDeclaration":
      for (const { id } of node.declarations) bind(id, names);
      break;
    default:
      if (node.id) bind(node.id, names);
  }
}

/** @param {Node} node @param {Set<string>} names */
function declareVar(node, names) {
  if (node.type === "VariableDeclaration" && node.kind === "var") declare(node, names);
}

/**
 * Adds the names that a binding pattern binds.
 *
 * @param {Node} pattern
 * @param {Set<string>} names
 */
function bind(pattern, names) {
  switch (pattern.type) {
    case "Identifier":
      names.add(pattern.name);
      break;
    case "AssignmentPattern":
      bind(pattern.left, names);
      break;
    case "RestElement":
      bind(pattern.argument, names);
      break;
    case "ArrayPattern":
      for (const element of pattern.elements) if (element) bind(element, names);
      break;
    case "ObjectPattern":
      for (const property of pattern.properties) bind(property.value ?? property, names);
      break;
  }
}
